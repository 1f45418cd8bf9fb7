//! Stories of gates: evaluations, approvals, protected aliases and automatic promotion, on both databases.

mod approval;
mod auto;
mod champion;
mod shop;
