//! Every stage with every event.
