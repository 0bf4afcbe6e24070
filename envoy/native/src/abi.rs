//! Safe wrappers for the functions that Envoy offers to a dynamic module
//! (`source/extensions/dynamic_modules/abi/abi.h`).
//!
//! All functions are looked up by name when the module is loaded, so one library works with every
//! supported version of Envoy. Functions that only newer versions have are optional. If a required
//! function is missing, the module logs the function's name, and Envoy rejects the module.
//!
//! The handle of a stream or a configuration is valid only during the hook that received it from
//! Envoy. The lifetime `'hook` enforces this. Envoy lends headers and values to the module, and may
//! free them as soon as the module calls Envoy again. So the module copies them first.

#![allow(unsafe_code, reason = "a C ABI")]
#![allow(
    clippy::as_conversions,
    reason = "function pointers have no other conversion"
)]

use core::{
    cell::Cell,
    ffi::{CStr, c_char, c_void},
    marker::PhantomData,
    mem, ptr, slice,
    time::Duration,
};
use std::sync::OnceLock;

use portcullis::{connection::Refused, gate::CallError};

/// Bytes that this module lends to Envoy. Envoy's functions take this struct by value.
#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct ModuleBuffer {
    octets: *const u8,
    length: usize,
}

/// Bytes that Envoy lends to this module. The pointer is null if there are no bytes.
#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct EnvoyBuffer {
    octets: *const u8,
    length: usize,
}

/// A header that this module lends to Envoy, or that Envoy lends to this module.
#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct RawHeader {
    name: *const u8,
    name_length: usize,
    value: *const u8,
    value_length: usize,
}

// Each struct must have the size and alignment of its counterpart in abi.h on 64-bit targets.
const _: () = assert!(size_of::<ModuleBuffer>() == 16 && align_of::<ModuleBuffer>() == 8);
const _: () = assert!(size_of::<EnvoyBuffer>() == 16 && align_of::<EnvoyBuffer>() == 8);
const _: () = assert!(size_of::<RawHeader>() == 32 && align_of::<RawHeader>() == 8);

/// Envoy's pointer to a stream, a configuration or a scheduler.
type Handle = *mut c_void;

impl ModuleBuffer {
    const NULL: Self = Self {
        octets: ptr::null(),
        length: 0,
    };

    const fn new(octets: &[u8]) -> Self {
        Self {
            octets: octets.as_ptr(),
            length: octets.len(),
        }
    }
}

impl EnvoyBuffer {
    const EMPTY: Self = Self {
        octets: ptr::null(),
        length: 0,
    };

    /// The bytes.
    ///
    /// The bytes must stay alive for `'a`.
    pub(super) unsafe fn octets<'a>(self) -> &'a [u8] {
        if self.octets.is_null() {
            return &[];
        }
        // SAFETY: the pointer is not null, and the caller guarantees that the bytes stay alive.
        unsafe { slice::from_raw_parts(self.octets, self.length) }
    }
}

impl RawHeader {
    const fn new(name: &[u8], value: &[u8]) -> Self {
        Self {
            name: name.as_ptr(),
            name_length: name.len(),
            value: value.as_ptr(),
            value_length: value.len(),
        }
    }

    const fn name(&self) -> EnvoyBuffer {
        EnvoyBuffer {
            octets: self.name,
            length: self.name_length,
        }
    }

    const fn value(&self) -> EnvoyBuffer {
        EnvoyBuffer {
            octets: self.value,
            length: self.value_length,
        }
    }
}

unsafe extern "C" {
    safe fn dlsym(handle: *mut c_void, name: *const c_char) -> *mut c_void;
}

/// `RTLD_DEFAULT`: makes `dlsym` search everything that is loaded in the process, Envoy itself
/// first.
const PROCESS: *mut c_void = ptr::null_mut();

fn lookup(name: &CStr) -> Option<*mut c_void> {
    let found = dlsym(PROCESS, name.as_ptr());
    (!found.is_null()).then_some(found)
}

/// Declares Envoy's functions. Every supported version has the functions in `required`. Only newer
/// versions have the functions in `younger`.
macro_rules! callbacks {
    (
        required { $($name:ident: fn($($argument:ty),*) $(-> $result:ty)?;)* }
        younger { $($later:ident: fn($($later_argument:ty),*) $(-> $later_result:ty)?;)* }
    ) => {
        struct Callbacks {
            $($name: unsafe extern "C" fn($($argument),*) $(-> $result)?,)*
            $($later: Option<unsafe extern "C" fn($($later_argument),*) $(-> $later_result)?>,)*
        }

        impl Callbacks {
            /// Looks up all functions. The error is the name of the first required function that is
            /// missing.
            fn load(lookup: impl Fn(&CStr) -> Option<*mut c_void>) -> Result<Self, &'static str> {
                $(let $name = lookup(symbol!($name)).ok_or(stringify!($name))?;)*
                $(let $later = lookup(symbol!($later));)*
                // SAFETY: in abi.h of every supported version, the functions with these names have
                // these types; Envoy does not change the type of a released function.
                Ok(unsafe {
                    Self {
                        $($name: mem::transmute::<*mut c_void, unsafe extern "C" fn($($argument),*) $(-> $result)?>($name),)*
                        $($later: $later.map(|found| {
                            mem::transmute::<*mut c_void, unsafe extern "C" fn($($later_argument),*) $(-> $later_result)?>(found)
                        }),)*
                    }
                })
            }
        }

    };
}

macro_rules! symbol {
    ($name:ident) => {
        match CStr::from_bytes_with_nul(
            concat!("envoy_dynamic_module_callback_", stringify!($name), "\0").as_bytes(),
        ) {
            Ok(name) => name,
            Err(_) => return Err(stringify!($name)),
        }
    };
}

callbacks! {
    required {
        log: fn(u32, ModuleBuffer);
        is_validation_mode: fn() -> bool;
        http_get_headers_size: fn(Handle, u32) -> usize;
        http_get_headers: fn(Handle, u32, *mut RawHeader) -> bool;
        http_set_header: fn(Handle, u32, ModuleBuffer, ModuleBuffer) -> bool;
        http_send_response: fn(Handle, u32, *mut RawHeader, usize, ModuleBuffer, ModuleBuffer);
        http_filter_continue_decoding: fn(Handle);
        http_clear_route_cache: fn(Handle);
        get_most_specific_route_config: fn(Handle) -> *const c_void;
        http_get_metadata_keys_count: fn(Handle, u32, ModuleBuffer) -> usize;
        http_set_filter_state_bytes: fn(Handle, ModuleBuffer, ModuleBuffer) -> bool;
        http_get_filter_state_bytes: fn(Handle, ModuleBuffer, *mut EnvoyBuffer) -> bool;
        http_get_filter_state_typed: fn(Handle, ModuleBuffer, *mut EnvoyBuffer) -> bool;
        http_filter_get_attribute_string: fn(Handle, u32, *mut EnvoyBuffer) -> bool;
        http_filter_get_attribute_int: fn(Handle, u32, *mut u64) -> bool;
        http_filter_config_define_counter: fn(Handle, ModuleBuffer, *const ModuleBuffer, usize, *mut usize) -> u32;
        http_filter_config_define_gauge: fn(Handle, ModuleBuffer, *const ModuleBuffer, usize, *mut usize) -> u32;
        http_filter_increment_counter: fn(Handle, usize, *const ModuleBuffer, usize, u64) -> u32;
        http_filter_set_gauge: fn(Handle, usize, *const ModuleBuffer, usize, u64) -> u32;
        http_filter_scheduler_new: fn(Handle) -> Handle;
        http_filter_scheduler_commit: fn(Handle, u64);
        http_filter_scheduler_delete: fn(Handle);
        http_filter_config_scheduler_new: fn(Handle) -> Handle;
        http_filter_config_scheduler_commit: fn(Handle, u64);
        http_filter_config_scheduler_delete: fn(Handle);
        http_filter_config_http_callout: fn(Handle, *mut u64, ModuleBuffer, *mut RawHeader, usize, ModuleBuffer, u64) -> u32;
    }
    younger {
        // Since Envoy 1.39.
        http_filter_config_increment_counter: fn(Handle, usize, *const ModuleBuffer, usize, u64) -> u32;
        http_filter_config_set_gauge: fn(Handle, usize, *const ModuleBuffer, usize, u64) -> u32;
        // Since Envoy 1.40.
        http_set_dynamic_metadata_struct: fn(Handle, ModuleBuffer, ModuleBuffer);
        http_has_filter_state: fn(Handle, ModuleBuffer) -> bool;
        log_v2: fn(u32, ModuleBuffer, ModuleBuffer, u32);
    }
}

static CALLBACKS: OnceLock<Callbacks> = OnceLock::new();

/// Looks up Envoy's functions. Returns the ABI version to report to Envoy.
///
/// If a required function is missing, logs its name and returns `None`.
pub(super) fn load() -> Option<&'static CStr> {
    let callbacks = match Callbacks::load(lookup) {
        Ok(callbacks) => callbacks,
        Err(missing) => {
            report_missing(missing, lookup);
            return None;
        }
    };
    // Envoy logs a warning if this version differs from Envoy's own ABI version.
    let version = match callbacks.log_v2 {
        Some(_) => c"v0.2.0",
        None => c"v0.1.0",
    };
    let _ = CALLBACKS.set(callbacks);
    Some(version)
}

/// Logs the name of a missing function. Envoy itself only logs that the module could not be loaded.
fn report_missing(name: &str, lookup: impl Fn(&CStr) -> Option<*mut c_void>) {
    let Some(log) = lookup(c"envoy_dynamic_module_callback_log") else {
        return;
    };
    // SAFETY: the function has this type in every version of abi.h that declares it.
    let log =
        unsafe { mem::transmute::<*mut c_void, unsafe extern "C" fn(u32, ModuleBuffer)>(log) };
    let line = format!(
        "portcullis: this Envoy has no function envoy_dynamic_module_callback_{name}; \
         use Envoy 1.38 or later, or the proxy-wasm module"
    );
    // SAFETY: Envoy copies the line before it returns.
    unsafe { log(Level::Error as u32, ModuleBuffer::new(line.as_bytes())) };
}

/// The level of a log line, with the number that Envoy gives it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Level {
    Info = 2,
    Warn = 3,
    Error = 4,
    Critical = 5,
}

/// Writes a log line. Any thread may call this function.
pub(super) fn log(level: Level, line: &str) {
    if let Some(envoy) = CALLBACKS.get() {
        // SAFETY: Envoy copies the line before it returns.
        unsafe { (envoy.log)(level as u32, ModuleBuffer::new(line.as_bytes())) };
    }
}

/// Returns whether Envoy runs only to validate its configuration (`--mode validate`).
pub(super) fn is_validating() -> bool {
    // SAFETY: the function has no arguments.
    CALLBACKS
        .get()
        .is_some_and(|envoy| unsafe { (envoy.is_validation_mode)() })
}

/// Returns whether this Envoy supports nested values in dynamic metadata (Envoy 1.40 or later).
pub(super) fn has_metadata_structs() -> bool {
    let envoy = CALLBACKS.get();
    envoy.is_some_and(|envoy| envoy.http_set_dynamic_metadata_struct.is_some())
}

/// A header map of a stream: the request's headers or its trailers.
#[derive(Clone, Copy, Debug)]
pub(super) enum Headers {
    Request = 0,
    RequestTrailers = 1,
}

/// An attribute of a stream, with its number in `envoy_dynamic_module_type_attribute_id`.
#[derive(Clone, Copy, Debug)]
pub(super) enum Attribute {
    ConnectionId = 28,
    PeerSubject = 33,
    PeerDnsSan = 35,
    PeerUriSan = 37,
    PeerCertificateDigest = 38,
}

/// The value of `envoy_dynamic_module_type_metadata_source` for the route's metadata.
const ROUTE: u32 = 1;

/// Copies of headers that Envoy has lent.
#[derive(Default)]
pub(super) struct HeaderList {
    octets: Vec<u8>,
    /// For each header, the positions in `octets` where its name and its value end.
    ends: Vec<(usize, usize)>,
    /// Memory into which Envoy writes the headers that it lends. The length of this vector stays 0:
    /// only its capacity is used.
    lent: Vec<RawHeader>,
}

/// A name and a value.
pub(super) type Pair<'a> = (&'a [u8], &'a [u8]);

impl HeaderList {
    /// The names and values, in order.
    pub(super) fn pairs(&self) -> Vec<Pair<'_>> {
        self.pairs_in(Vec::new())
    }

    /// Appends the names and values, in order, to `memory`, and returns `memory`.
    pub(super) fn pairs_in<'a>(&'a self, mut memory: Vec<Pair<'a>>) -> Vec<Pair<'a>> {
        let mut begin = 0;
        let pairs = self.ends.iter().map(|&(name_end, value_end)| {
            let name = self.octets.get(begin..name_end).unwrap_or_default();
            let value = self.octets.get(name_end..value_end).unwrap_or_default();
            begin = value_end;
            (name, value)
        });
        memory.extend(pairs);
        memory
    }

    /// Copies headers that Envoy lends.
    ///
    /// # Safety
    /// The headers must be alive during the call.
    unsafe fn copy(&mut self, headers: &[RawHeader]) {
        self.octets.clear();
        self.ends.clear();
        for header in headers {
            // SAFETY: the caller guarantees that the headers are alive.
            let (name, value) = unsafe { (header.name().octets(), header.value().octets()) };
            self.octets.extend_from_slice(name);
            let name_end = self.octets.len();
            self.octets.extend_from_slice(value);
            self.ends.push((name_end, self.octets.len()));
        }
    }
}

/// A stream during one of its hooks, on its worker thread.
#[derive(Clone, Copy)]
pub(super) struct Stream<'hook> {
    handle: Handle,
    envoy: &'static Callbacks,
    has_left: &'hook Cell<bool>,
}

impl<'hook> Stream<'hook> {
    /// The stream of the running hook. Returns `None` if `load` failed, but then Envoy calls no
    /// hooks. `has_left` becomes true when the stream is answered or resumed, because Envoy may
    /// then end the stream before the hook returns.
    ///
    /// `handle` must be the pointer that Envoy passed to the running hook, and the result must not
    /// outlive that hook.
    pub(super) unsafe fn new(handle: Handle, has_left: &'hook Cell<bool>) -> Option<Self> {
        Some(Self {
            handle,
            envoy: CALLBACKS.get()?,
            has_left,
        })
    }

    /// The address of the stream, which identifies it as long as it is alive.
    pub(super) fn address(&self) -> usize {
        self.handle.addr()
    }

    /// Copies the headers or trailers of the stream.
    pub(super) fn read(&self, kind: Headers, into: &mut HeaderList) -> Result<(), Refused> {
        let kind = kind as u32;
        // SAFETY: this stream's hook is running.
        let count = unsafe { (self.envoy.http_get_headers_size)(self.handle, kind) };
        let mut lent = mem::take(&mut into.lent);
        lent.reserve(count);
        let room = lent.as_mut_ptr();
        // SAFETY: there is room for all of Envoy's headers, and Envoy is not called again before
        // the headers are copied.
        unsafe {
            if count > 0 && !(self.envoy.http_get_headers)(self.handle, kind, room) {
                return Err(Refused);
            }
            into.copy(slice::from_raw_parts(room, count));
        }
        into.lent = lent;
        Ok(())
    }

    /// Replaces all headers of this name with one header.
    pub(super) fn set_header(&self, name: &str, value: &[u8]) -> Result<(), Refused> {
        self.write_header(Headers::Request, name, ModuleBuffer::new(value))
    }

    /// Removes all headers of this name.
    pub(super) fn remove_header(&self, kind: Headers, name: &str) -> Result<(), Refused> {
        self.write_header(kind, name, ModuleBuffer::NULL)
    }

    fn write_header(&self, kind: Headers, name: &str, value: ModuleBuffer) -> Result<(), Refused> {
        let name = ModuleBuffer::new(name.as_bytes());
        // SAFETY: this stream's hook is running; Envoy copies the name and the value.
        let written =
            unsafe { (self.envoy.http_set_header)(self.handle, kind as u32, name, value) };
        written.then_some(()).ok_or(Refused)
    }

    /// Answers the request. The stream may end during this call. The hook must then return one of
    /// Envoy's statuses whose names begin with `Stop`.
    pub(super) fn send_response<'a>(
        &self,
        status: u16,
        headers: impl Iterator<Item = (&'a str, &'a str)>,
        body: &[u8],
        details: &str,
    ) {
        let mut raw: Vec<_> = headers
            .map(|(name, value)| RawHeader::new(name.as_bytes(), value.as_bytes()))
            .collect();
        let (body, details) = (
            ModuleBuffer::new(body),
            ModuleBuffer::new(details.as_bytes()),
        );
        let (first, count) = (raw.as_mut_ptr(), raw.len());
        self.has_left.set(true);
        // SAFETY: this stream's hook is running; Envoy copies everything before it returns.
        unsafe {
            (self.envoy.http_send_response)(
                self.handle,
                status.into(),
                first,
                count,
                body,
                details,
            );
        }
    }

    /// Resumes a request that was stopped. The stream may end during this call.
    pub(super) fn continue_decoding(&self) {
        self.has_left.set(true);
        // SAFETY: this stream's hook is running.
        unsafe { (self.envoy.http_filter_continue_decoding)(self.handle) };
    }

    /// Makes Envoy choose the route again.
    pub(super) fn clear_route_cache(&self) {
        // SAFETY: this stream's hook is running.
        unsafe { (self.envoy.http_clear_route_cache)(self.handle) };
    }

    /// The number that `on_http_filter_per_route_config_new` returned for the current route.
    pub(super) fn route_policy(&self) -> Option<usize> {
        // SAFETY: this stream's hook is running. The pointer holds a number and is never
        // dereferenced.
        let number = unsafe { (self.envoy.get_most_specific_route_config)(self.handle) }.addr();
        (number != 0).then_some(number)
    }

    /// Returns whether the current route has metadata in a namespace.
    pub(super) fn has_route_metadata(&self, namespace: &str) -> bool {
        let namespace = ModuleBuffer::new(namespace.as_bytes());
        // SAFETY: this stream's hook is running; Envoy copies the name.
        unsafe { (self.envoy.http_get_metadata_keys_count)(self.handle, ROUTE, namespace) > 0 }
    }

    /// Adds a serialized `google.protobuf.Struct` to a namespace of the dynamic metadata.
    pub(super) fn add_metadata(&self, namespace: &str, message: &[u8]) -> Result<(), Refused> {
        let add = self.envoy.http_set_dynamic_metadata_struct.ok_or(Refused)?;
        let namespace = ModuleBuffer::new(namespace.as_bytes());
        // SAFETY: this stream's hook is running; Envoy copies the namespace and the message.
        unsafe { add(self.handle, namespace, ModuleBuffer::new(message)) };
        Ok(())
    }

    /// Writes an entry of the filter state.
    pub(super) fn set_state(&self, name: &str, value: &[u8]) -> Result<(), Refused> {
        let (name, value) = (ModuleBuffer::new(name.as_bytes()), ModuleBuffer::new(value));
        // SAFETY: this stream's hook is running; Envoy copies the name and the value.
        let written = unsafe { (self.envoy.http_set_filter_state_bytes)(self.handle, name, value) };
        written.then_some(()).ok_or(Refused)
    }

    /// The value of a filter state entry: its string, or its serialized form if it has no string.
    /// `None` if there is no such entry.
    ///
    /// # Errors
    /// If the entry exists but cannot be read. Envoy before 1.40 does not tell whether an entry
    /// exists, so the result is `None` there.
    pub(super) fn state(&self, name: &str) -> Result<Option<Vec<u8>>, Refused> {
        let name = ModuleBuffer::new(name.as_bytes());
        for get in [
            self.envoy.http_get_filter_state_bytes,
            self.envoy.http_get_filter_state_typed,
        ] {
            // SAFETY: this stream's hook is running, and Envoy is not called again before the value
            // is copied.
            let value = unsafe { self.borrowed(|out| get(self.handle, name, out)) };
            if value.is_some() {
                return Ok(value);
            }
        }
        // SAFETY: this stream's hook is running.
        let is_there = self
            .envoy
            .http_has_filter_state
            .is_some_and(|has| unsafe { has(self.handle, name) });
        if is_there { Err(Refused) } else { Ok(None) }
    }

    /// The value of a string attribute.
    pub(super) fn text(&self, attribute: Attribute) -> Option<Vec<u8>> {
        let get = self.envoy.http_filter_get_attribute_string;
        // SAFETY: this stream's hook is running, and Envoy is not called again before the value is
        // copied.
        unsafe { self.borrowed(|out| get(self.handle, attribute as u32, out)) }
    }

    /// The value of a numeric attribute.
    pub(super) fn number(&self, attribute: Attribute) -> Option<u64> {
        let mut number = 0;
        let get = self.envoy.http_filter_get_attribute_int;
        // SAFETY: this stream's hook is running.
        unsafe { get(self.handle, attribute as u32, &raw mut number) }.then_some(number)
    }

    /// Copies the bytes that `get` lends.
    ///
    /// The bytes must stay alive until the next call to Envoy.
    unsafe fn borrowed(&self, get: impl FnOnce(*mut EnvoyBuffer) -> bool) -> Option<Vec<u8>> {
        let mut lent = EnvoyBuffer::EMPTY;
        // SAFETY: the caller guarantees that the bytes are still alive.
        get(&raw mut lent).then(|| unsafe { lent.octets() }.to_vec())
    }

    /// Adds `by` to a counter.
    pub(super) fn increment(&self, counter: usize, by: u64) {
        // SAFETY: this stream's hook is running. The metric has no labels. If Envoy does not know
        // the metric's number, the call fails without any other effect.
        let _ = unsafe {
            (self.envoy.http_filter_increment_counter)(self.handle, counter, ptr::null(), 0, by)
        };
    }

    /// Sets a gauge.
    pub(super) fn set_gauge(&self, gauge: usize, value: u64) {
        // SAFETY: this stream's hook is running. The metric has no labels. If Envoy does not know
        // the metric's number, the call fails without any other effect.
        let _ = unsafe {
            (self.envoy.http_filter_set_gauge)(self.handle, gauge, ptr::null(), 0, value)
        };
    }

    /// Creates a handle with which other threads can wake the stream.
    pub(super) fn scheduler(&self) -> Option<StreamScheduler> {
        // SAFETY: this stream's hook is running.
        let handle = unsafe { (self.envoy.http_filter_scheduler_new)(self.handle) };
        // A `StreamScheduler` deletes its handle when it is dropped, so none is created for a null
        // handle.
        (!handle.is_null()).then(|| StreamScheduler {
            handle,
            envoy: self.envoy,
        })
    }
}

/// A configuration during one of its hooks, on the main thread.
#[derive(Clone, Copy)]
pub(super) struct Configuration<'hook> {
    handle: Handle,
    envoy: &'static Callbacks,
    hook: PhantomData<&'hook ()>,
}

impl Configuration<'_> {
    /// The configuration of the running hook. Returns `None` if `load` failed, but then Envoy
    /// calls no hooks.
    ///
    /// `handle` must be the pointer that Envoy passed to the running hook, and the result must not
    /// outlive that hook.
    pub(super) unsafe fn new(handle: Handle) -> Option<Self> {
        Some(Self {
            handle,
            envoy: CALLBACKS.get()?,
            hook: PhantomData,
        })
    }

    /// Defines a counter. This works only while the configuration is being loaded.
    pub(super) fn define_counter(&self, name: &str) -> Option<usize> {
        self.define(self.envoy.http_filter_config_define_counter, name)
    }

    /// Defines a gauge. This works only while the configuration is being loaded.
    pub(super) fn define_gauge(&self, name: &str) -> Option<usize> {
        self.define(self.envoy.http_filter_config_define_gauge, name)
    }

    fn define(
        &self,
        define: unsafe extern "C" fn(
            Handle,
            ModuleBuffer,
            *const ModuleBuffer,
            usize,
            *mut usize,
        ) -> u32,
        name: &str,
    ) -> Option<usize> {
        let mut number = 0;
        let name = ModuleBuffer::new(name.as_bytes());
        // SAFETY: this configuration's hook is running; Envoy copies the name.
        let result = unsafe { define(self.handle, name, ptr::null(), 0, &raw mut number) };
        (result == 0).then_some(number)
    }

    /// Adds `by` to a counter, and returns whether this succeeded. Envoy before 1.39 has no
    /// function for this, so the result is always false there.
    pub(super) fn increment(&self, counter: usize, by: u64) -> bool {
        let Some(increment) = self.envoy.http_filter_config_increment_counter else {
            return false;
        };
        // SAFETY: this configuration's hook is running.
        unsafe { increment(self.handle, counter, ptr::null(), 0, by) == 0 }
    }

    /// Sets a gauge, and returns whether this succeeded. Envoy before 1.39 has no function for
    /// this, so the result is always false there.
    pub(super) fn set_gauge(&self, gauge: usize, value: u64) -> bool {
        let Some(set) = self.envoy.http_filter_config_set_gauge else {
            return false;
        };
        // SAFETY: this configuration's hook is running.
        unsafe { set(self.handle, gauge, ptr::null(), 0, value) == 0 }
    }

    /// Sends a request without a body to a server. Returns the number that identifies the call.
    pub(super) fn call(
        &self,
        cluster: &str,
        headers: &[(&str, &str)],
        timeout: Duration,
    ) -> Result<u64, CallError> {
        let raw = headers.iter();
        let mut raw: Vec<_> = raw
            .map(|(name, value)| RawHeader::new(name.as_bytes(), value.as_bytes()))
            .collect();
        let mut number = 0;
        let cluster = ModuleBuffer::new(cluster.as_bytes());
        let (first, count) = (raw.as_mut_ptr(), raw.len());
        // SAFETY: this configuration's hook is running, on the main thread; Envoy copies
        // everything.
        let result = unsafe {
            (self.envoy.http_filter_config_http_callout)(
                self.handle,
                &raw mut number,
                cluster,
                first,
                count,
                ModuleBuffer::NULL,
                u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX),
            )
        };
        match result {
            0 => Ok(number),
            2 => Err(CallError::NoCluster),
            _ => Err(CallError::Refused),
        }
    }

    /// Creates a handle with which other threads can make Envoy call this configuration's hook on
    /// the main thread.
    pub(super) fn scheduler(&self) -> Option<ConfigurationScheduler> {
        // SAFETY: this configuration's hook is running.
        let handle = unsafe { (self.envoy.http_filter_config_scheduler_new)(self.handle) };
        (!handle.is_null()).then(|| ConfigurationScheduler {
            handle,
            envoy: self.envoy,
        })
    }
}

/// Makes Envoy call `on_http_filter_scheduled` for a stream, on the stream's worker thread. Any
/// thread may use this type. If the stream has ended, Envoy does nothing.
pub(super) struct StreamScheduler {
    handle: Handle,
    envoy: &'static Callbacks,
}

// SAFETY: commit and delete may be called from any thread.
unsafe impl Send for StreamScheduler {}
// SAFETY: commit and delete may be called from any thread.
unsafe impl Sync for StreamScheduler {}

impl StreamScheduler {
    /// Asks Envoy to call the hook.
    pub(super) fn commit(&self) {
        // SAFETY: this value owns the handle, and the handle has not been deleted.
        unsafe { (self.envoy.http_filter_scheduler_commit)(self.handle, 0) };
    }
}

impl Drop for StreamScheduler {
    fn drop(&mut self) {
        // SAFETY: this value owns the handle, and nothing uses it afterwards.
        unsafe { (self.envoy.http_filter_scheduler_delete)(self.handle) };
    }
}

/// Makes Envoy call `on_http_filter_config_scheduled` for a configuration, on the main thread. Any
/// thread may use this type.
pub(super) struct ConfigurationScheduler {
    handle: Handle,
    envoy: &'static Callbacks,
}

// SAFETY: commit and delete may be called from any thread.
unsafe impl Send for ConfigurationScheduler {}
// SAFETY: commit and delete may be called from any thread.
unsafe impl Sync for ConfigurationScheduler {}

impl ConfigurationScheduler {
    /// Asks Envoy to call the hook.
    pub(super) fn commit(&self) {
        // SAFETY: this value owns the handle, and the handle has not been deleted.
        unsafe { (self.envoy.http_filter_config_scheduler_commit)(self.handle, 0) };
    }
}

impl Drop for ConfigurationScheduler {
    fn drop(&mut self) {
        // SAFETY: this value owns the handle, and nothing uses it afterwards.
        unsafe { (self.envoy.http_filter_config_scheduler_delete)(self.handle) };
    }
}

/// The body of a response.
#[derive(Default)]
pub(super) struct Body {
    /// The size of the body that the server sent.
    pub(super) size: usize,
    /// The whole body; `None` if it is larger than the limit.
    pub(super) octets: Option<Vec<u8>>,
}

impl Body {
    /// Copies a body, unless it is larger than `limit`. Envoy accepts bodies of up to 32 MiB.
    fn copy(chunks: &[&[u8]], limit: usize) -> Self {
        let sizes = chunks.iter().map(|chunk| chunk.len());
        let size = sizes.fold(0, usize::saturating_add);
        let octets = (size <= limit).then(|| chunks.concat());
        Self { size, octets }
    }
}

/// Copies a response, because Envoy lends it to the module only until the hook returns. A body that
/// is larger than `limit` is not copied.
///
/// # Safety
/// `headers` must point to an array of `header_count` elements, and `chunks` to an array of
/// `chunk_count` elements. The pointer to an empty array may be null. Both arrays must be alive
/// during the call.
pub(super) unsafe fn response(
    headers: *const RawHeader,
    header_count: usize,
    chunks: *const EnvoyBuffer,
    chunk_count: usize,
    limit: usize,
) -> (HeaderList, Body) {
    let mut list = HeaderList::default();
    let mut lent: Vec<&[u8]> = Vec::new();
    // SAFETY: the caller guarantees the lengths and lifetimes, and a null pointer is not read.
    unsafe {
        if !headers.is_null() {
            list.copy(slice::from_raw_parts(headers, header_count));
        }
        if !chunks.is_null() {
            for chunk in slice::from_raw_parts(chunks, chunk_count) {
                lent.push(chunk.octets());
            }
        }
    }
    (list, Body::copy(&lent, limit))
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    static LOGGED: Mutex<Vec<String>> = Mutex::new(Vec::new());

    extern "C" fn record(level: u32, line: ModuleBuffer) {
        assert_eq!(level, Level::Error as u32);
        // SAFETY: the caller lends the line for the duration of this call.
        let line = unsafe { slice::from_raw_parts(line.octets, line.length) };
        let line = String::from_utf8(line.to_vec()).unwrap();
        LOGGED.lock().unwrap().push(line);
    }

    /// A lookup that finds every function except `missing`. It returns a pointer to `record` for
    /// each of them.
    fn without(missing: &'static str) -> impl Fn(&CStr) -> Option<*mut c_void> {
        move |name| (!name.to_str().unwrap().ends_with(missing)).then_some(record as *mut c_void)
    }

    #[test]
    fn a_body_is_copied_only_if_it_is_not_larger_than_the_limit() {
        let buffer = |text: &'static str| EnvoyBuffer {
            octets: text.as_ptr(),
            length: text.len(),
        };
        let chunks = [buffer("{\"keys\""), EnvoyBuffer::EMPTY, buffer(":[]}")];
        for (limit, expected) in [
            (11, Some("{\"keys\":[]}")),
            (10, None),
            (8, None),
            (0, None),
        ] {
            // SAFETY: the array and the texts live until the end of the test.
            let (_, body) =
                unsafe { response(ptr::null(), 0, chunks.as_ptr(), chunks.len(), limit) };
            assert_eq!(body.size, 11, "{limit}");
            assert_eq!(
                body.octets.as_deref(),
                expected.map(str::as_bytes),
                "{limit}"
            );
        }
        // SAFETY: null pointers are not read.
        let (_, body) = unsafe { response(ptr::null(), 0, ptr::null(), 0, 0) };
        assert_eq!((body.size, body.octets), (0, Some(Vec::new())));
    }

    #[test]
    fn a_missing_function_is_named() {
        let name = "http_filter_scheduler_new";
        assert_eq!(Callbacks::load(without(name)).err(), Some(name));
        report_missing(name, without(name));
        assert_eq!(
            *LOGGED.lock().unwrap(),
            ["portcullis: this Envoy has no function \
                 envoy_dynamic_module_callback_http_filter_scheduler_new; \
                 use Envoy 1.38 or later, or the proxy-wasm module"]
        );
        assert!(Callbacks::load(without("http_has_filter_state")).is_ok());
    }
}
