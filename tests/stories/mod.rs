//! Stories: the real program on real files, told as sentences.

mod clinic;
