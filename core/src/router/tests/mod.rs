//! The router's tests that are about more than one of its modules.
