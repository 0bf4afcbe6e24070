//! The memory that the modules of a proxy share: a map from names to bytes.
//!
//! All modules that have the same `vm_id` can write to this memory. So Portcullis uses a value only
//! if it is well formed and belongs to the right key source or policy. If `shared_memory_key` is
//! configured, the value must also be authentic. Any other value is treated as absent. Writes use
//! compare-and-swap. If another VM has written in the meantime, a [`SealedRecord`] retries several
//! times before it returns a [`SetSharedDataError`].
//!
//! The code here does not interpret the records. [`keys`](crate::keys) interprets the records that
//! contain key sets. [`gate`](crate::gate) interprets the records that say which configuration of a
//! policy is the newest.
//!
//! ```
//! use portcullis::{jose::SecretKey, shared_memory::SealedRecord};
//!
//! let key = SecretKey::new(&[7; 32])?;
//! let record = SealedRecord::about("example/1", "subject", Some(&key));
//! let value = record.close(b"text".to_vec());
//! assert_eq!(record.open(&value), Some(&b"text"[..]));
//! assert_eq!(record.open(b"text"), None);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod memory;
mod one_record;
mod sealed;

pub use self::{
    memory::{Expected, SetSharedDataError, SharedData, SharedMemory, clear},
    sealed::SealedRecord,
};

#[doc(hidden)] // for the tests of this package and of the packages around it
pub use self::one_record::OneRecord;
