//! The instruction sets that the inner loop of the simulation is compiled for.

use ap_program::Program;

use crate::execute::{Hooks, Port, run};

/// The instruction sets that the inner loop is compiled for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kernel {
    /// What every processor of the target has.
    Portable,
    /// x86-64 with 256-bit vectors and a population count.
    Avx2,
    /// x86-64 with 512-bit vectors and a population count for them.
    Avx512,
}

impl Kernel {
    /// The best that this processor runs.
    pub(crate) fn best() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            let bits = is_x86_feature_detected!("popcnt")
                && is_x86_feature_detected!("lzcnt")
                && is_x86_feature_detected!("bmi1")
                && is_x86_feature_detected!("bmi2");
            let avx2 = bits && is_x86_feature_detected!("avx2");
            let avx512 = is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512vl")
                && is_x86_feature_detected!("avx512vpopcntdq");
            if avx2 {
                return if avx512 { Self::Avx512 } else { Self::Avx2 };
            }
        }
        Self::Portable
    }
}

/// Runs a program with the instructions of a kernel that this processor has.
pub(crate) fn run_on<const WORDS: usize, H: Hooks<WORDS>>(
    kernel: Kernel,
    program: &Program,
    rows: usize,
    port: &mut dyn Port,
    hooks: &mut H,
) {
    match kernel {
        // SAFETY: `Kernel::best` names these only after it has seen that the processor has their features, and the tests ask
        // for none above it.
        #[cfg(target_arch = "x86_64")]
        #[allow(unsafe_code)]
        Kernel::Avx512 => unsafe { x86::avx512(program, rows, port, hooks) },
        #[cfg(target_arch = "x86_64")]
        #[allow(unsafe_code)]
        Kernel::Avx2 => unsafe { x86::avx2(program, rows, port, hooks) },
        _ => run(program, rows, port, hooks),
    }
}

/// The same loop, compiled for newer processors.
#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::{Hooks, Port, Program, run};

    #[target_feature(enable = "avx2,popcnt,bmi1,bmi2,lzcnt")]
    pub(super) fn avx2<const WORDS: usize, H: Hooks<WORDS>>(
        program: &Program,
        rows: usize,
        port: &mut dyn Port,
        hooks: &mut H,
    ) {
        run(program, rows, port, hooks);
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vpopcntdq,avx2,popcnt,bmi1,bmi2,lzcnt")]
    pub(super) fn avx512<const WORDS: usize, H: Hooks<WORDS>>(
        program: &Program,
        rows: usize,
        port: &mut dyn Port,
        hooks: &mut H,
    ) {
        run(program, rows, port, hooks);
    }
}
