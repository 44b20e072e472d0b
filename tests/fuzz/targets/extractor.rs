//! One line of an export: what it says is the same by every way of reading it, and nothing panics.

#![no_main]

use libfuzzer_sys::fuzz_target;
use preventiojyraa_fuzz::check_line;

fuzz_target!(|line: &[u8]| check_line(line));
