//! Stories: the real program on real files, told as sentences.

mod as_of;
mod bad_lines;
mod clinic;
mod corrections;
mod damage;
mod killed;
mod orders_killed;
mod orders_restored;
mod orders_stopped;
mod other_units;
mod privacy;
mod same_answer;
mod truncated;
mod two_writers;
mod unknown_people;
mod wrong_usage;
