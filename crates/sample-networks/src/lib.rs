//! Small random networks with everything that a description can hold, for the property tests of the crates that read and run
//! networks.

use network::{
    ActivationDescription, AddDescription, ConcatDescription, ConvolutionDescription, DocumentedAccuracy,
    FlattenDescription, FullyConnectedDescription, InputDescription, InvertedResidualDescription,
    LayerDescription, MaxPoolDescription, MultiplyDescription, NetworkDescription, PaddingDescription,
    PickDescription, PixelZero, RescaleDescription, SeededDescription, Sides, SumPoolDescription,
    TableDescription,
};

/// Choices that a property test makes, used one after the other.
struct Choices<'a> {
    numbers: &'a [u32],
    next: usize,
}

impl Choices<'_> {
    fn below(&mut self, limit: usize) -> usize {
        let number = self.numbers[self.next % self.numbers.len()] as usize;
        self.next += 1;
        number % limit.max(1)
    }

    fn between(&mut self, least: usize, most: usize) -> usize {
        least + self.below(most - least + 1)
    }
}

/// A value on the way.
#[derive(Clone)]
struct Value {
    name: String,
    channels: usize,
    height: usize,
    width: usize,
}

struct Making<'a> {
    choices: Choices<'a>,
    layers: Vec<LayerDescription>,
    value: Value,
    /// Whether a flattening was on the way: blocks read maps only.
    is_flat: bool,
}

/// A network of a few layers whose weights are drawn, as choices say.
pub fn random_network(numbers: &[u32]) -> NetworkDescription {
    let mut choices = Choices { numbers, next: 0 };
    let (channels, height, width) = (choices.between(1, 3), choices.between(4, 7), choices.between(4, 7));
    let mut input = InputDescription::new(channels, height, width);
    if choices.below(2) == 1 {
        input.zero = PixelZero::Each((0..channels).map(|_| choices.below(256) as u16).collect());
    }
    let activation_bits = [1, 2, 4, 8][choices.below(4)];
    let (seed, sparsity) = (choices.below(1 << 20) as u64, [0.0, 0.3, 0.8][choices.below(3)]);
    let value = Value { name: "input".into(), channels, height, width };
    let mut making = Making { choices, layers: Vec::new(), value, is_flat: false };
    for number in 0..making.choices.between(2, 5) {
        making.step(number);
    }
    let (outputs, from) = (making.choices.between(1, 5), Some(making.value.name.clone()));
    making.layers.push(LayerDescription::FullyConnected(FullyConnectedDescription {
        name: "fc".into(),
        from,
        outputs,
        activation: ActivationDescription::Requantized,
        bits: None,
        signed: false,
    }));
    NetworkDescription {
        name: "random".into(),
        title: "Random".into(),
        checkpoint_digest: None,
        checkpoint: None,
        seeded: Some(SeededDescription { seed, sparsity }),
        golden: None,
        input,
        activation_bits,
        step_divisor: None,
        sparsity: None,
        data_set: None,
        layers: making.layers,
        documented_accuracy: DocumentedAccuracy::default(),
    }
}

impl Making<'_> {
    fn step(&mut self, number: usize) {
        let before = self.value.clone();
        let name = format!("l{number}");
        match self.choices.below(12) {
            0..=2 => self.convolution(name),
            3 => self.sum_of_branches(&name),
            4 => {
                let kernel = Sides::Each([self.choices.between(1, 3), self.choices.between(1, 3)]);
                let stride = Sides::Each([self.choices.between(1, 2), self.choices.between(1, 2)]);
                let padding = self.padding(kernel);
                self.layers.push(LayerDescription::MaxPool(MaxPoolDescription {
                    name: Some(name.clone()),
                    from: Some(before.name.clone()),
                    kernel,
                    stride,
                    padding,
                }));
                self.moved(name, before.channels, kernel, stride, padding);
            }
            5 => {
                let kernel = Sides::Each([self.choices.between(1, 2), self.choices.between(1, 2)]);
                let stride = Sides::Each([self.choices.between(1, 2), self.choices.between(1, 2)]);
                let padding = self.padding(kernel);
                self.layers.push(LayerDescription::SumPool(SumPoolDescription {
                    name: Some(name.clone()),
                    from: Some(before.name.clone()),
                    kernel: Some(kernel),
                    stride: Some(stride),
                    padding,
                    counts_padding: self.choices.below(2) == 0,
                }));
                self.moved(name, before.channels, kernel, stride, padding);
            }
            6 => self.concat(&name),
            7 => {
                let count = self.choices.between(1, before.channels + 1);
                let channels = (0..count).map(|_| self.choices.below(before.channels)).collect();
                let from = Some(before.name.clone());
                self.layers.push(LayerDescription::Pick(PickDescription {
                    name: name.clone(),
                    from,
                    channels,
                }));
                self.value = Value { name, channels: count, ..before };
            }
            8 => {
                let (from, bits) = (Some(before.name.clone()), self.bits());
                self.layers.push(LayerDescription::Table(TableDescription {
                    name: name.clone(),
                    from,
                    bits,
                }));
                self.value.name = name;
            }
            9 => self.gated(name),
            10 if before.channels * before.height * before.width < 200 => {
                let from = Some(before.name.clone());
                self.layers.push(LayerDescription::Flatten(FlattenDescription { name: name.clone(), from }));
                let channels = before.channels * before.height * before.width;
                self.is_flat = true;
                self.value = Value { name, channels, height: 1, width: 1 };
            }
            _ if self.is_flat || self.choices.below(2) == 0 => {
                let (signed, bits) = (self.choices.below(2) == 1, self.bits());
                self.layers.push(LayerDescription::Rescale(RescaleDescription {
                    name: name.clone(),
                    from: Some(before.name.clone()),
                    bits,
                    signed,
                }));
                self.value.name = name;
            }
            _ => {
                let outputs = if self.choices.below(2) == 0 { before.channels } else { 3 };
                self.layers.push(LayerDescription::InvertedResidual(InvertedResidualDescription {
                    name: name.clone(),
                    from: Some(before.name.clone()),
                    outputs,
                    stride: 1,
                    expansion: self.choices.between(1, 3),
                }));
                self.value = Value { name, channels: outputs, ..before };
            }
        }
    }

    /// Bits of a layer's own, or the network's.
    fn bits(&mut self) -> Option<u32> {
        [None, None, Some(3), Some(5)][self.choices.below(4)]
    }

    /// A value times a function of its own channels' means.
    fn gated(&mut self, name: String) {
        let before = self.value.clone();
        let (pool, gate) = (format!("{name}.sum"), format!("{name}.gate"));
        // Of a large map, the sum could leave 16 bits.
        if before.height * before.width > 36 {
            return;
        }
        let squeeze = LayerDescription::Convolution(ConvolutionDescription {
            name: gate.clone(),
            from: Some(before.name.clone()),
            outputs: before.channels,
            kernel: Sides::Each([before.height, before.width]),
            stride: Sides::Both(1),
            dilation: Sides::Both(1),
            padding: PaddingDescription::default(),
            groups: 1,
            activation: ActivationDescription::Requantized,
            bits: self.bits(),
            signed: true,
        });
        self.layers.push(squeeze);
        let from = Some(gate);
        self.layers.push(LayerDescription::Table(TableDescription {
            name: pool.clone(),
            from,
            bits: Some(8),
        }));
        let signed = self.choices.below(2) == 0;
        let (of, bits) = ([before.name.clone(), pool], self.bits());
        self.layers.push(LayerDescription::Multiply(MultiplyDescription {
            name: name.clone(),
            of,
            bits,
            signed,
        }));
        self.value.name = name;
    }

    fn padding(&mut self, kernel: Sides) -> PaddingDescription {
        let (rows, columns) = kernel.pair();
        let (c, rows, columns) = (&mut self.choices, rows - 1, columns - 1);
        PaddingDescription::Each([
            c.between(0, rows),
            c.between(0, columns),
            c.between(0, rows),
            c.between(0, columns),
        ])
    }

    /// Takes note of what a window made; every window fits, since maps have at least as many rows as kernels or are padded.
    fn moved(
        &mut self,
        name: String,
        channels: usize,
        kernel: Sides,
        stride: Sides,
        padding: PaddingDescription,
    ) {
        let sides = padding.sides();
        let (height, width) =
            (self.value.height + sides.top + sides.bottom, self.value.width + sides.left + sides.right);
        let ((rows, columns), (down, across)) = (kernel.pair(), stride.pair());
        if height < rows || width < columns {
            // It would not fit: the layer is taken back.
            self.layers.pop();
            return;
        }
        let (height, width) = ((height - rows) / down + 1, (width - columns) / across + 1);
        self.value = Value { name, channels, height, width };
    }

    fn convolution(&mut self, name: String) {
        let before = self.value.clone();
        let kernel = Sides::Each([self.choices.between(1, 3), self.choices.between(1, 3)]);
        let stride = Sides::Each([self.choices.between(1, 2), self.choices.between(1, 2)]);
        let padding = self.padding(kernel);
        let dilation = Sides::Each([self.choices.between(1, 2), self.choices.between(1, 2)]);
        let divisors: Vec<usize> =
            (1..=before.channels).filter(|n| before.channels.is_multiple_of(*n)).collect();
        let groups = divisors[self.choices.below(divisors.len())];
        let outputs = groups * self.choices.between(1, 1 + 4 / groups);
        let (signed, bits) = (self.choices.below(3) == 0, self.bits());
        self.layers.push(LayerDescription::Convolution(ConvolutionDescription {
            name: name.clone(),
            from: Some(before.name),
            outputs,
            kernel,
            stride,
            dilation,
            padding,
            groups,
            activation: ActivationDescription::Requantized,
            bits,
            signed,
        }));
        let along = |taps: usize, dilation: usize| (taps - 1) * dilation + 1;
        let ((rows, columns), (down, across)) = (kernel.pair(), dilation.pair());
        let span = Sides::Each([along(rows, down), along(columns, across)]);
        self.moved(name, outputs, span, stride, padding);
    }

    /// Two convolutions of one value, and the value itself where its shape allows, added up.
    fn sum_of_branches(&mut self, name: &str) {
        let before = self.value.clone();
        let same = self.choices.below(2) == 0;
        let (outputs, stride) = if same { (before.channels, 1) } else { (self.choices.between(1, 4), 2) };
        let mut of = Vec::new();
        for (branch, kernel) in [("a", 3), ("b", 1)] {
            let name = format!("{name}{branch}");
            self.layers.push(LayerDescription::Convolution(ConvolutionDescription {
                name: name.clone(),
                from: Some(before.name.clone()),
                outputs,
                kernel: Sides::Both(kernel),
                stride: Sides::Both(stride),
                dilation: Sides::Both(1),
                padding: PaddingDescription::Every(kernel / 2),
                groups: 1,
                activation: ActivationDescription::None,
                bits: None,
                signed: false,
            }));
            of.push(name);
        }
        if same {
            let place = self.choices.below(3);
            of.insert(place, before.name);
        }
        let signed = self.choices.below(2) == 0;
        self.layers.push(LayerDescription::Add(AddDescription { name: name.into(), of, bits: None, signed }));
        let shorter = |extent: usize| if same { extent } else { (extent - 1) / 2 + 1 };
        let (height, width) = (shorter(before.height), shorter(before.width));
        self.value = Value { name: name.into(), channels: outputs, height, width };
    }

    /// A value beside its own max pool of the same extents: both have one step.
    fn concat(&mut self, name: &str) {
        let before = self.value.clone();
        let pool = format!("{name}.pooled");
        self.layers.push(LayerDescription::MaxPool(MaxPoolDescription {
            name: Some(pool.clone()),
            from: Some(before.name.clone()),
            kernel: Sides::Both(3),
            stride: Sides::Both(1),
            padding: PaddingDescription::Every(1),
        }));
        let of = vec![before.name.clone(), pool];
        self.layers.push(LayerDescription::Concat(ConcatDescription { name: name.into(), of }));
        self.value = Value { name: name.into(), channels: 2 * before.channels, ..before };
    }
}
