//! Schedules of single steps, for hardware that can do more than a pass: several tag registers, searches that add to a tag,
//! broadcasts past the tags, or less: writes of one column at a time.
//!
//! A pass is a search, which replaces the one tag, and a write. Taken apart, one search can serve several writes and several
//! searches one write (Hyper-AP, ISCA 2020, gathers searches in the tag in this way).

use std::fmt;

use ap_program::Pattern;

use super::ScheduleCost;

/// One of the registers that hold a bit for every row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Tag {
    /// The one that every processor has.
    First,
    /// The one that a processor with two has.
    Second,
}

impl Tag {
    /// As an index.
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The other one.
    pub const fn other(self) -> Self {
        match self {
            Self::First => Self::Second,
            Self::Second => Self::First,
        }
    }
}

/// How many tag registers there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TagRegisters {
    /// [`Tag::First`] alone.
    One,
    /// Both.
    Two,
}

impl TagRegisters {
    /// The registers.
    pub const fn all(self) -> &'static [Tag] {
        match self {
            Self::One => &[Tag::First],
            Self::Two => &[Tag::First, Tag::Second],
        }
    }
}

/// What the hardware can do in one step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Features {
    /// Searches go to one of these, and writes take their rows from one.
    pub tag_registers: TagRegisters,
    /// Whether a search can add the rows that match to a tag instead of replacing it.
    pub or_into_tag: bool,
    /// Whether a write can set several columns at once.
    pub multi_column_write: bool,
    /// Whether a write to every row leaves the tags as they are. Otherwise it tags every row.
    pub broadcast_past_tags: bool,
    /// Whether a key can leave out columns of the operation. Otherwise it names all of them.
    pub masked_keys: bool,
}

impl Features {
    /// What compiled programs ask for: one tag register, which every search replaces; a write sets several columns.
    pub const BASE: Self = Self {
        tag_registers: TagRegisters::One,
        or_into_tag: false,
        multi_column_write: true,
        broadcast_past_tags: false,
        masked_keys: true,
    };

    /// The same without masked keys.
    pub const FULL_KEYS: Self = Self { masked_keys: false, ..Self::BASE };

    /// Every combination with masked keys, [`Features::BASE`] first among those that write several columns at once.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..16_u8).map(|bits| Self {
            tag_registers: if bits & 1 == 0 { TagRegisters::One } else { TagRegisters::Two },
            or_into_tag: bits & 2 != 0,
            broadcast_past_tags: bits & 4 != 0,
            multi_column_write: bits & 8 == 0,
            masked_keys: true,
        })
    }

    /// Whether everything that `other` can do can be done here too.
    pub fn include(self, other: Self) -> bool {
        self.tag_registers >= other.tag_registers
            && self.or_into_tag >= other.or_into_tag
            && self.multi_column_write >= other.multi_column_write
            && self.broadcast_past_tags >= other.broadcast_past_tags
            && self.masked_keys >= other.masked_keys
    }
}

impl fmt::Display for Features {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.tag_registers {
            TagRegisters::One => "1 tag",
            TagRegisters::Two => "2 tags",
        })?;
        let named = [(self.or_into_tag, ", or"), (self.broadcast_past_tags, ", broadcast past tags")];
        for (_, name) in named.into_iter().filter(|&(present, _)| present) {
            f.write_str(name)?;
        }
        if !self.multi_column_write {
            f.write_str(", one column a write")?;
        }
        if self.masked_keys { Ok(()) } else { f.write_str(", full keys") }
    }
}

/// One step of the hardware, on all rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// Compares every row with a key.
    Search {
        /// Where the rows that match are noted.
        tag: Tag,
        /// What is searched for; names a column.
        key: Pattern,
        /// Whether rows that are tagged already stay so.
        joins: bool,
    },
    /// Writes the tagged rows.
    Write {
        /// Which they are.
        tag: Tag,
        /// What they become.
        pattern: Pattern,
    },
    /// Writes every row, without a search.
    Broadcast {
        /// The register in which every row is tagged to that end; none if the write goes past the tags.
        through: Option<Tag>,
        /// What the rows become.
        pattern: Pattern,
    },
}

/// A sequence of steps that carries out one bit of an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepSchedule {
    pub(super) columns: usize,
    /// The states in which a row can be at the start.
    pub(super) starts: Vec<u8>,
    pub(super) steps: Vec<Step>,
}

impl StepSchedule {
    /// The steps, in the order of execution.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Searches.
    pub fn compares(&self) -> usize {
        self.steps.iter().filter(|step| matches!(step, Step::Search { .. })).count()
    }

    /// Writes, broadcasts included.
    pub fn writes(&self) -> usize {
        self.steps.len() - self.compares()
    }

    /// Columns that the keys name, summed over the searches.
    pub fn compared_columns(&self) -> u32 {
        let of_step = |step: &Step| if let Step::Search { key, .. } = step { key.width() } else { 0 };
        self.steps.iter().map(of_step).sum()
    }

    /// What a row's bits become.
    pub fn apply(&self, state: u8) -> u8 {
        self.run(state).0
    }

    /// Bits written to a row, broadcasts included, if all states that a row can start with are equally likely.
    pub fn expected_written_bits(&self) -> f64 {
        self.written_bits() as f64 / self.starts.len() as f64
    }

    /// The cost on one row of each state that a row can start with.
    pub fn cost(&self, cost: ScheduleCost) -> u64 {
        cost.compare * self.compares() as u64
            + cost.compared_column * u64::from(self.compared_columns())
            + cost.write * self.writes() as u64
            + cost.written_bit * self.written_bits()
    }

    fn written_bits(&self) -> u64 {
        self.starts.iter().map(|&start| self.run(start).1).sum()
    }

    /// A row's bits after the steps, and how many bits were written to it.
    fn run(&self, start: u8) -> (u8, u64) {
        let (mut state, mut written, mut tags) = (start, 0, [false; 2]);
        for &step in &self.steps {
            let pattern = match step {
                Step::Search { tag, key, joins } => {
                    let tagged = &mut tags[tag.index()];
                    *tagged = key.matches(state) || (joins && *tagged);
                    continue;
                }
                Step::Write { tag, .. } if !tags[tag.index()] => continue,
                Step::Write { pattern, .. } => pattern,
                Step::Broadcast { through, pattern } => {
                    if let Some(tag) = through {
                        tags[tag.index()] = true;
                    }
                    pattern
                }
            };
            state = pattern.written_to(state);
            written += u64::from(pattern.width());
        }
        (state, written)
    }
}

impl fmt::Display for StepSchedule {
    /// `t1 <- 01-` searches, `t1 |= 01-` searches and adds, `--1 <- t1` writes tagged rows, `--1 <- all` every row.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, step) in self.steps.iter().enumerate() {
            if index > 0 {
                f.write_str("; ")?;
            }
            match *step {
                Step::Search { tag, key, joins } => {
                    let sign = if joins { "|=" } else { "<-" };
                    write!(f, "t{} {sign} {}", tag.index() + 1, key.text(self.columns))?;
                }
                Step::Write { tag, pattern } => {
                    write!(f, "{} <- t{}", pattern.text(self.columns), tag.index() + 1)?;
                }
                Step::Broadcast { through, pattern } => {
                    write!(f, "{} <- all", pattern.text(self.columns))?;
                    if let Some(tag) = through {
                        write!(f, " (t{})", tag.index() + 1)?;
                    }
                }
            }
        }
        Ok(())
    }
}
