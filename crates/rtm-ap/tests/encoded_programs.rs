//! Programs of a shipped network as a program store keeps them: encoded, decoded again, and run from there.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;
use std::sync::Arc;

use ap_program::{DecodeError, EncodedProgram, Geometry, interpret};
use compiler::{Layout, Options, Sharing};
use network::Network;
use rtm_ap::Machine;

#[test]
fn every_program_of_a_network_is_its_encoded_form_decoded_which_takes_less_than_two_bytes_a_word() {
    let networks = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments/networks");
    let (_, network) = Network::load(&networks.join("vgg8-fashion-s85-a4.yaml")).unwrap();
    let network = Arc::new(network);
    let geometry = Geometry::new(256, 256, 64).unwrap();
    for layout in [Layout::Along, Layout::Tiled] {
        let options = Options { geometry, sharing: Sharing::PerChannel, layout, outputs_per_processor: None };
        let machine = Machine::compile(Arc::clone(&network), &options).unwrap();
        let (mut bits, mut words) = (0, 0);
        for layer in machine.layers() {
            for program in &layer.compiled().programs {
                let encoded = EncodedProgram::of(program);
                let decoded = EncodedProgram::decode(encoded.bytes(), geometry, &program.luts).unwrap();
                assert_eq!(decoded, **program);
                bits += encoded.bits();
                words += program.instructions.len() as u64;
            }
        }
        // 1.43 and 1.76 bytes a word; a general compressor needs 1.9.
        let bytes = bits as f64 / 8.0 / words as f64;
        assert!(bytes < 1.9, "{layout:?}: {bytes} bytes a word");
    }
}

/// The program, and what it stores when it is run from its encoded form alone.
#[test]
fn a_layer_runs_from_its_encoded_form_as_from_its_words() {
    let networks = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments/networks");
    let (_, network) = Network::load(&networks.join("vgg8-fashion-s85-a4.yaml")).unwrap();
    let geometry = Geometry::new(256, 256, 64).unwrap();
    let options = Options {
        geometry,
        sharing: Sharing::PerChannel,
        layout: Layout::Tiled,
        outputs_per_processor: Some(8),
    };
    let machine = Machine::compile(Arc::new(network), &options).unwrap();
    let program = &machine.layers()[0].compiled().programs[0];
    let bytes = EncodedProgram::of(program).bytes().to_vec();
    let decoded = EncodedProgram::decode(&bytes, geometry, &program.luts).unwrap();
    let element = |row: usize, tap: ap_program::Tap| {
        (row as u16 * 7 + tap.channel as u16 * 3 + u16::from(tap.row) + u16::from(tap.column)) % 16
    };
    assert_eq!(interpret(&decoded, 20, element).unwrap(), interpret(program, 20, element).unwrap());
    // What is cut off is missed, and tables that are not there are told.
    assert_eq!(
        EncodedProgram::decode(&bytes[..bytes.len() / 2], geometry, &program.luts),
        Err(DecodeError::Ends)
    );
    assert!(matches!(EncodedProgram::decode(&bytes, geometry, &[]), Err(DecodeError::Table(_))));
}
