//! Stories: the real program on real files, told as sentences.

mod as_of;
mod bad_lines;
mod clinic;
mod corrections;
mod damage;
mod evaluate;
mod killed;
mod learn;
mod orders_changed_mind;
mod orders_disk;
mod orders_doubled;
mod orders_killed;
mod orders_refused;
mod orders_repeated;
mod orders_restored;
mod orders_say_nothing;
mod orders_stopped;
mod other_units;
mod privacy;
mod same_answer;
mod truncated;
mod two_writers;
mod unknown_people;
mod wrong_usage;
