#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sandbox::doors::knock("settings", data));
