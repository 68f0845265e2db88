//! How a function becomes an operation: its first argument is its access rule.
//!
//! `Operation` is implemented only for functions whose first argument is a `Principal`; a handler
//! that forgot to ask who is calling does not compile. Everything is taken from the request in the
//! order of the arguments.

use std::future::Future;
use std::rc::Rc;

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;

use crate::api::Api;
use crate::principal::{Access, Principal};
use crate::problem::Problem;
use crate::request::{Extract, Incoming};

/// What a handler gives back when it did what was asked.
pub trait Answer {
    fn into_response(self) -> HttpResponse;
}

/// 200 with the thing.
pub struct Found<T>(pub T);

/// 201 with the thing, and its secret when it has one: the only time that it is shown.
pub struct Created<T> {
    pub location: String,
    pub thing: T,
}

/// 204: done, nothing to say.
pub struct Done;

impl<T: Serialize> Answer for Found<T> {
    fn into_response(self) -> HttpResponse {
        json(StatusCode::OK).json(self.0)
    }
}

impl<T: Serialize> Answer for Created<T> {
    fn into_response(self) -> HttpResponse {
        json(StatusCode::CREATED)
            .insert_header((header::LOCATION, self.location))
            .json(self.thing)
    }
}

impl Answer for Done {
    fn into_response(self) -> HttpResponse {
        json(StatusCode::NO_CONTENT).finish()
    }
}

fn json(status: StatusCode) -> actix_web::HttpResponseBuilder {
    let mut response = HttpResponse::build(status);
    response.insert_header((header::CACHE_CONTROL, "no-store"));
    response
}

/// A function that may be routed. `Arguments` only tells the implementations apart.
pub trait Operation<Arguments>: Copy + 'static {
    const ACCESS: Access;

    fn run(self, incoming: Incoming) -> impl Future<Output = Result<HttpResponse, Problem>>;
}

macro_rules! operation_of {
    ($($argument:ident),*) => {
        impl<Handler, Output, Out, Caller, $($argument),*> Operation<(Caller, $($argument,)*)> for Handler
        where
            Handler: Fn(Caller, $($argument),*) -> Output + Copy + 'static,
            Output: Future<Output = Result<Out, Problem>>,
            Out: Answer,
            Caller: Principal,
            $($argument: Extract,)*
        {
            const ACCESS: Access = Caller::ACCESS;

            #[expect(non_snake_case, reason = "the arguments are named after their types")]
            async fn run(self, mut incoming: Incoming) -> Result<HttpResponse, Problem> {
                let caller = Caller::authorize(&mut incoming).await?;
                incoming.refuse_unread(&[$($argument::READS),*]).await?;
                $(let $argument = $argument::extract(&mut incoming).await?;)*
                self(caller, $($argument),*).await.map(Answer::into_response)
            }
        }
    };
}

operation_of!(First);
operation_of!(First, Second);
operation_of!(First, Second, Third);
operation_of!(First, Second, Third, Fourth);

/// One line of the route table, before it is joined with its page of the document.
#[derive(Clone)]
pub struct Registered {
    /// The name of the function; the document's `operationId`.
    pub operation_id: &'static str,
    pub access: Access,
    pub route: Rc<dyn Fn() -> actix_web::Route>,
}

pub fn register<Arguments, Handler>(operation_id: &'static str, handler: Handler) -> Registered
where
    Handler: Operation<Arguments>,
    Arguments: 'static,
{
    let route = move || {
        web::to(
            move |http: HttpRequest, payload: web::Payload, api: web::Data<Api>| async move {
                let api = Api::clone(&api);
                let incoming = Incoming {
                    http,
                    api: api.clone(),
                    body: Some(payload.into_inner()),
                };
                handler
                    .run(incoming)
                    .await
                    .unwrap_or_else(|problem| problem.respond(&api))
            },
        )
    };
    Registered {
        operation_id,
        access: Handler::ACCESS,
        route: Rc::new(route),
    }
}
