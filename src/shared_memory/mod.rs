//! Memory that all modules of a proxy share, as bytes under names, and the key records in it.
//!
//! Every module under the same `vm_id` can write there. What is read counts only if it is well formed,
//! about the right subject and, with `shared_memory_key`, genuine.

mod codec;
mod memory;
mod records;
mod sealed;
mod seen;

pub use self::{
    memory::{Expected, SetSharedDataError, SharedData, SharedMemory, clear},
    records::SharedRecords,
    sealed::SealedRecord,
    seen::SeenRecords,
};
