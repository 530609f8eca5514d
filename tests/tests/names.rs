//! What the adapters' public items are made of can be named from where these are: the types
//! of public fields, of arguments and of what is given back. That it compiles is the test.

#![allow(dead_code, unused_imports, reason = "that the names are there is the test")]

macro_rules! named {
    ($adapter:ident) => {
        mod $adapter {
            use $adapter::client::{
                BodyLength, Cause, Client, ClientConfig, ClientPolicy, ClientTimeouts, ClientTls,
                CloseReason, Connection, CookieStore, Dialer, Error, Fault, Fields, IntoUrl,
                InvalidField, Leniency, Limits, Method, Misuse, Mono, Now, Origin, PeerError,
                Phase, PhaseTimeouts, PoolConfig, Proxies, ProxyChoice, Rate, Received, Request,
                Resolver, Response, ResponseHead, Result, Retry, Route, Settings, SharedJar,
                Status, Stretch, TlsInfo, Trace, Trouble, Upgraded, Url, UrlError, UrlProblem,
                Version,
            };
            use $adapter::client::{
                cookie::Cookie, cookie::SameSite, jar::Jar, jar::Stored, proxy::Kind, proxy::Proxy,
                proxy::ProxyEnv, proxy::ProxyError, redirect::Credentials, redirect::Follow,
                redirect::Hop, redirect::Policy, redirect::Rewrite, redirect::Verdict,
            };
            use $adapter::tls::{ClientTls as Tls, Crypto, Identity, Roots, ServerTls, TlsError};

            /// Each public field of the settings, by the name that its type has here.
            fn fields(settings: Settings) {
                let policy: ClientPolicy = settings.policy;
                let (_, _): (PhaseTimeouts, Policy) = (policy.timeouts, policy.redirects);
                let (_, _): (Fields, Proxies) = (policy.fields, policy.proxies);
                let _: Option<std::sync::Arc<dyn CookieStore>> = policy.cookies;
                let machine: ClientConfig = settings.machine;
                let (_, timeouts): (Limits, ClientTimeouts) = (machine.limits, machine.timeouts);
                let (_, _): (Leniency, Rate) = (machine.limits.leniency, timeouts.body);
                let (_, _): (PoolConfig, Resolver) = (settings.pool, settings.resolver);
                let _: Option<ClientTls> = settings.tls;
            }

            /// What a response and an error tell.
            fn told(response: &Response, error: &Error) {
                let (_, _): (Status, Version) = (response.status(), response.version());
                let (_, _): (&Url, &[ResponseHead]) = (response.url(), response.interims());
                let (_, _): (BodyLength, Option<&TlsInfo>) = (response.length(), response.tls());
                let trace: Trace = response.trace();
                let (_, _): (Option<Stretch>, Mono) = (trace.dns, trace.began);
                let (_, _): (Option<Phase>, Option<&Method>) = (error.phase(), error.method());
                cause(error.cause());
            }

            fn cause(cause: &Cause) {
                use $adapter::client::{proxy::ProxyError, redirect::Failure};
                match cause {
                    Cause::Url(cause) => assert_ne!(cause.problem(), UrlProblem::TooLong),
                    Cause::Field(InvalidField::Name | InvalidField::Value) => {}
                    Cause::Misuse(cause) => assert_eq!(*cause, Misuse::Answered),
                    Cause::Tunnel(cause) => assert!(!Trouble::to_string(cause).is_empty()),
                    Cause::Peer(PeerError { kind, retry, .. }) => {
                        assert_eq!((*kind, *retry), (Fault::Reset, Retry::Safe));
                    }
                    Cause::Closed(cause) => assert_eq!(*cause, CloseReason::PeerClosed),
                    Cause::Redirect(cause) => assert_eq!(*cause, Failure::TooMany(1)),
                    Cause::Proxy(cause) => assert_eq!(*cause, ProxyError::Scheme),
                    _ => {}
                }
            }

            mod server {
                use $adapter::observe::{Exchange as Served, NoObserver, Observer, Watch};
                use $adapter::{
                    Address, Answer, Body, BodyLength, Bound, BoxHandler, Bytes, CloseReason,
                    ConnState, Content, Cookie, Exchange, Facts, Fallible, Fault, FaultAnswer,
                    Field, Fields, Group, Handle, Handler, InsertError, IntoResponse,
                    InvalidCookie, InvalidField, Leniency, Limits, Listener, Method, Misuse, Mono,
                    Mux, Next, NotAStatus, NotAToken, Panics, Param, Params, Peer, PeerError,
                    Phase, Rate, Refusal, Request, RequestHead, Response, ResponseHead,
                    ResponseWriter, Retry, RouteId, RouterOptions, SameSite, Server, ServerConfig,
                    SharedMux, Source, Status, Stream, Streamed, Timeouts, TlsInfo, Upgraded,
                    Values, Version,
                };

                fn config(config: ServerConfig) {
                    let (_, timeouts): (Limits, Timeouts) = (config.limits, config.timeouts);
                    let (_, _): (Rate, Option<FaultAnswer>) = (timeouts.body, config.fault_answer);
                }

                fn served(served: &Served) {
                    let facts: Facts = served.facts;
                    let (_, _): (Option<Status>, Mono) = (facts.status, facts.end);
                }

                fn request(request: &Request) {
                    let _: Option<&Peer> = request.peer();
                    let _: Option<Params<'_>> = request.params();
                    let (_, _): (Option<&TlsInfo>, Vec<Cookie>) =
                        (request.tls(), request.cookies());
                }

                fn mux(mux: &mut Mux, _: Result<RouteId, InsertError>) {
                    let _: Group<'_, BoxHandler> = mux.group("/a");
                }
            }
        }
    };
}

named!(purlin_std);
named!(purlin_smol);
