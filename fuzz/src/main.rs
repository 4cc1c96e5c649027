//! Runs libFuzzer on one of the targets of `datastored::fuzz`, which the variable FUZZ_TARGET names. `make fuzz` builds and runs it.
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
mod fuzzing {
    use std::sync::OnceLock;

    use datastored::fuzz::{TARGETS, Target};

    static TARGET: OnceLock<Target> = OnceLock::new();

    fn named() -> Target {
        let name = std::env::var("FUZZ_TARGET").unwrap_or_default();
        let found = TARGETS.iter().find(|(known, _)| *known == name);
        found.expect("FUZZ_TARGET names a folder of fuzz/seeds").1
    }

    libfuzzer_sys::fuzz_target!(|bytes: &[u8]| TARGET.get_or_init(named)(bytes));
}

#[cfg(not(fuzzing))]
fn main() {
    eprintln!("this was built without what tells libFuzzer of the code's paths: use `make fuzz`");
}
