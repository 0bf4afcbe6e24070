//! Memory that all modules of a proxy share. It maps names to bytes.
//!
//! Every module with the same `vm_id` can write to this memory. So a value only counts if it is
//! well formed, about the right subject and, with `shared_memory_key`, authentic. Any other value
//! is treated as absent. Writes are compare-and-swap: a [`SealedRecord`] retries if another VM
//! wrote in between, and after several attempts returns [`SetSharedDataError`].
//!
//! This module does not interpret the records. Key sets belong to [`keys`](crate::keys), policies
//! to [`gate`](crate::gate).
//!
//! ```
//! use portcullis::{
//!     jose::SecretKey,
//!     shared_memory::{OneRecord, SealedRecord, SharedMemory},
//! };
//!
//! let memory = OneRecord::default();
//! let key = SecretKey::new(&[7; 32])?;
//! let record = SealedRecord::about("example/1", "subject", Some(&key));
//! assert!(record.update(&mut |_| Some(b"text".to_vec()), &memory).is_ok());
//!
//! let value = memory.shared_data(record.name()).ok_or("no entry")?.value;
//! assert_eq!(record.open(&value), Some(&b"text"[..]));
//! assert_eq!(record.open(b"text"), None);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod memory;
mod one_record;
mod sealed;

pub use self::{
    memory::{Expected, SetSharedDataError, SharedData, SharedMemory, clear},
    one_record::OneRecord,
    sealed::SealedRecord,
};
