//! The names of the core that adapters show as their own.
//! Lists them, once for all adapters.

/// Shows the names of the core and the engine that a server's handlers use.
#[macro_export]
macro_rules! server_names {
    () => {
        pub use ::bytes::Bytes;
        pub use ::purlin_core::config::FaultAnswer;
        #[cfg(feature = "http")]
        pub use ::purlin_core::convert;
        pub use ::purlin_core::message::{BoxError, Error, Streamed};
        pub use ::purlin_core::mux::{Group, Refusal};
        pub use ::purlin_core::observe::{Address, ConnState, Observer, Peer};
        pub use ::purlin_core::policy::cookie::{Cookie, InvalidCookie, SameSite};
        pub use ::purlin_core::router::{InsertError, Param, Params, RouteId, RouterOptions};
        pub use ::purlin_core::{
            BodyLength, CloseReason, Content, Facts, Fault, Field, Fields, IntoResponse,
            InvalidField, Leniency, Limits, Method, Misuse, Mono, NotAStatus, NotAToken,
            NotAVersion, PeerError, Phase, Rate, RequestHead, ResponseHead, Retry, ServerConfig,
            Status, Timeouts, TlsInfo, Values, Version, names,
        };
        #[cfg(feature = "rustls")]
        pub use ::purlin_tls as tls;
        pub use $crate::Panics;
    };
}

/// Shows the names of the core and the engine that those who use a client use.
#[macro_export]
macro_rules! client_names {
    () => {
        pub use ::purlin_core::exchange::{
            Cause, ClientPolicy, CookieStore, Error, IntoUrl, PhaseTimeouts, Proxies, ProxyChoice,
            Route, Stretch, Trace,
        };
        pub use ::purlin_core::policy::pool::PoolConfig;
        pub use ::purlin_core::policy::{cookie, jar, proxy, redirect};
        pub use ::purlin_core::tunnel::Trouble;
        pub use ::purlin_core::url::{Origin, Url, UrlError, UrlProblem};
        pub use ::purlin_core::{
            BodyLength, ClientConfig, ClientTimeouts, CloseReason, Fault, Fields, InvalidField,
            Leniency, Limits, Method, Misuse, Mono, Now, PeerError, Phase, Rate, ResponseHead,
            Retry, Status, TlsInfo, Version,
        };
        #[cfg(feature = "rustls")]
        pub use ::purlin_tls::ClientTls;
        pub use $crate::{Question, Received, Resolved, Resolver, Service, Settings, SharedJar};
    };
}
