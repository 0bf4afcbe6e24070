//! Loads the library with `dlopen`, as Envoy does. Other libraries do not see its symbols.

use core::ffi::{CStr, c_char, c_int};
use std::{
    collections::BTreeMap,
    ffi::CString,
    mem,
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
    sync::Mutex,
};

use crate::{
    abi::{Handle, Header, Octets, Own, VersionText},
    live::locked,
};

unsafe extern "C" {
    fn dlopen(path: *const c_char, flags: c_int) -> Handle;
    fn dlsym(library: Handle, name: *const c_char) -> Handle;
    fn dlerror() -> *const c_char;
}

/// `RTLD_NOW`. Without `RTLD_GLOBAL`, two libraries do not see each other's symbols.
const NOW: c_int = 2;

macro_rules! hooks {
    ($($name:ident($($argument:ident: $kind:ty),*) $(-> $result:ty)?;)*) => {
        /// A loaded library and its hooks.
        pub(crate) struct Library {
            $($name: unsafe extern "C" fn($($kind),*) $(-> $result)?,)*
        }

        impl Library {
            fn of(handle: Handle) -> Self {
                Self {
                    $($name: {
                        let name = CString::new(concat!("envoy_dynamic_module_on_", stringify!($name)));
                        // SAFETY: the library is loaded and stays loaded.
                        let found = unsafe { dlsym(handle, name.unwrap().as_ptr()) };
                        assert!(!found.is_null(), concat!("the library has no hook ", stringify!($name)));
                        // SAFETY: abi.h declares the hook with this type.
                        unsafe {
                            mem::transmute::<Handle, unsafe extern "C" fn($($kind),*) $(-> $result)?>(found)
                        }
                    },)*
                }
            }

            $(#[allow(clippy::too_many_arguments, reason = "Envoy's ABI defines the arguments")]
            pub(crate) fn $name(&self, $($argument: $kind),*) $(-> $result)? {
                // SAFETY: the host passes live handles, and bytes that outlive the call.
                unsafe { (self.$name)($($argument),*) }
            })*
        }
    };
}

hooks! {
    program_init() -> VersionText;
    http_filter_config_new(handle: Handle, name: Octets, config: Octets) -> Own;
    http_filter_config_destroy(own: Own);
    http_filter_per_route_config_new(name: Octets, config: Octets) -> Own;
    http_filter_per_route_config_destroy(own: Own);
    http_filter_new(own: Own, stream: Handle) -> Own;
    http_filter_request_headers(stream: Handle, own: Own, is_end: bool) -> u32;
    http_filter_request_body(stream: Handle, own: Own, is_end: bool) -> u32;
    http_filter_request_trailers(stream: Handle, own: Own) -> u32;
    http_filter_response_headers(stream: Handle, own: Own, is_end: bool) -> u32;
    http_filter_response_body(stream: Handle, own: Own, is_end: bool) -> u32;
    http_filter_response_trailers(stream: Handle, own: Own) -> u32;
    http_filter_stream_complete(stream: Handle, own: Own);
    http_filter_destroy(own: Own);
    http_filter_scheduled(stream: Handle, own: Own, event: u64);
    http_filter_config_scheduled(handle: Handle, own: Own, event: u64);
    http_filter_config_http_callout_done(handle: Handle, own: Own, call: u64, result: u32, headers: *const Header, header_count: usize, chunks: *const Octets, chunk_count: usize);
}

impl Library {
    /// Loads a library and never unloads it. As in Envoy, each path is loaded only once.
    pub(crate) fn load(path: &Path) -> &'static Self {
        static LOADED: Mutex<BTreeMap<PathBuf, &'static Library>> = Mutex::new(BTreeMap::new());
        let mut loaded = locked(&LOADED);
        loaded
            .entry(path.to_owned())
            .or_insert_with(|| Self::open(path))
    }

    fn open(path: &Path) -> &'static Self {
        let name = CString::new(path.as_os_str().as_bytes()).unwrap();
        // SAFETY: loading runs only the initialisers of Rust's standard library.
        let handle = unsafe { dlopen(name.as_ptr(), NOW) };
        if handle.is_null() {
            // SAFETY: the error text stays valid until the next call of `dlopen`.
            let error = unsafe { CStr::from_ptr(dlerror()) };
            panic!("{}: {}", path.display(), error.to_string_lossy());
        }
        let library = Self::of(handle);
        assert!(
            !library.program_init().is_null(),
            "the library refused to load"
        );
        Box::leak(Box::new(library))
    }
}
