//! Memory that all modules of a proxy share, as bytes under names.
//!
//! Every module under the same `vm_id` can write there. What is read counts only if it is well formed,
//! about the right subject and, with `shared_memory_key`, genuine.

mod memory;
mod one_record;
mod sealed;

pub use self::{
    memory::{Expected, SetSharedDataError, SharedData, SharedMemory, clear},
    one_record::OneRecord,
    sealed::SealedRecord,
};
