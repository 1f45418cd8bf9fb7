//! Stories of training, told from the outside: models against reference numbers, requests that are wrong, packages,
//! and whole trainings on both databases.

mod hours;
mod inputs;
mod package;
mod reference;
mod sample;
mod training;
