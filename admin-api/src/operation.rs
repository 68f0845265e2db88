//! How a function becomes an operation: its first argument is its access rule.
//!
//! `Operation` is implemented only for functions whose first argument is a `Principal`; a handler
//! that forgot to ask who is calling does not compile. Everything is taken from the request in the
//! order of the arguments.

use std::future::Future;
use std::rc::Rc;

use actix_web::http::Method;
use actix_web::{HttpRequest, HttpResponse, web};

use crate::answer::{Answer, AnswerTo, Rendered};
use crate::api::Api;
use crate::etag::Condition;
use crate::mutation::Place;
use crate::principal::{Principal, Rule};
use crate::problem::Problem;
use crate::request::{Extract, Incoming};
use crate::{answer, idempotency::IdempotentCall, principal};

pub use crate::answer::{Created, Done, Found, FoundFor, Listed, Told};
pub use crate::mutation::{Committed, Deed};

/// A function that may be routed. `Arguments` only tells the implementations apart.
pub trait Operation<Arguments>: Copy + 'static {
    const RULE: Rule;
    /// Whether what it answers with has an ETag.
    const HAS_ETAG: bool;
    const CAN_BE_TRIED: bool;
    /// Bytes that its body may have.
    const BODY_LIMIT: usize;

    fn run(self, incoming: &mut Incoming) -> impl Future<Output = Result<Rendered, Problem>>;
}

macro_rules! operation_of {
    ($($argument:ident),*) => {
        impl<Handler, Output, Out, Caller, $($argument),*> Operation<(Caller, $($argument,)*)> for Handler
        where
            Handler: Fn(Caller, $($argument),*) -> Output + Copy + 'static,
            Output: Future<Output = Result<Out, Problem>>,
            Out: AnswerTo<Caller>,
            Caller: Principal,
            $($argument: Extract,)*
        {
            const RULE: Rule = Caller::RULE;
            const HAS_ETAG: bool = Out::HAS_ETAG;
            const CAN_BE_TRIED: bool = Out::CAN_BE_TRIED;
            const BODY_LIMIT: usize = largest(&[$($argument::BODY_LIMIT),*]);

            #[expect(non_snake_case, reason = "the arguments are named after their types")]
            async fn run(self, incoming: &mut Incoming) -> Result<Rendered, Problem> {
                let caller = Caller::authorize(incoming).await?;
                incoming.refuse_unread(&[$($argument::READS),*]).await?;
                let repetition = Repetition::of(&caller);
                if let Some(kept) = repetition.find(&incoming.api).await? {
                    return Ok(kept);
                }
                let attempt = async {
                    $(let $argument = $argument::extract(incoming).await?;)*
                    self(caller, $($argument),*).await.and_then(Answer::render)
                };
                match attempt.await {
                    Ok(rendered) => Ok(rendered),
                    Err(problem) => repetition.or(&incoming.api, problem).await,
                }
            }
        }
    };
}

const fn largest(limits: &[usize]) -> usize {
    let mut largest = 0;
    let mut at = 0;
    while at < limits.len() {
        if limits[at] > largest {
            largest = limits[at];
        }
        at += 1;
    }
    largest
}

/// A call that may have been answered before.
struct Repetition(Option<(IdempotentCall, principal::Caller, Place)>);

impl Repetition {
    fn of(principal: &impl Principal) -> Self {
        let call = principal.call().and_then(|call| call.idempotent.clone());
        Self(call.map(|call| (call, principal.caller().clone(), principal.place())))
    }

    async fn find(&self, api: &Api) -> Result<Option<Rendered>, Problem> {
        match &self.0 {
            Some((call, caller, place)) => call.find(api, caller, place).await,
            None => Ok(None),
        }
    }

    /// The same call at the same time may have been the one that did it.
    async fn or(&self, api: &Api, problem: Problem) -> Result<Rendered, Problem> {
        match self.find(api).await {
            Ok(Some(kept)) => Ok(kept),
            Ok(None) | Err(_) => Err(problem),
        }
    }
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
    pub rule: Rule,
    /// Whether what it answers with has an ETag.
    pub has_etag: bool,
    pub can_be_tried: bool,
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
                let body_limit = Handler::BODY_LIMIT;
                let mut incoming = Incoming::new(http, Api::clone(&api), payload, body_limit);
                let outcome = handler.run(&mut incoming).await;
                respond(&incoming, outcome)
            },
        )
    };
    Registered {
        operation_id,
        rule: Handler::RULE,
        has_etag: Handler::HAS_ETAG,
        can_be_tried: Handler::CAN_BE_TRIED,
        route: Rc::new(route),
    }
}

fn respond(incoming: &Incoming, outcome: Result<Rendered, Problem>) -> HttpResponse {
    let outcome = outcome.and_then(|rendered| Ok((is_known(incoming, &rendered)?, rendered)));
    let mut response = match outcome {
        Ok((true, rendered)) => rendered.into_not_modified(),
        Ok((false, rendered)) => rendered.into_response(),
        Err(problem) => problem.respond(&incoming.api, &incoming.http),
    };
    if let Some(rate) = &incoming.rate {
        answer::add_rate_limit(response.headers_mut(), rate);
    }
    response
}

/// RFC 9110 §13.1.2: whoever asks has this very version already.
fn is_known(incoming: &Incoming, rendered: &Rendered) -> Result<bool, Problem> {
    if ![Method::GET, Method::HEAD].contains(incoming.http.method()) {
        return Ok(false);
    }
    let condition = Condition::if_none_match(&incoming.http)?;
    Ok(match (condition, &rendered.etag) {
        (Some(condition), Some(etag)) => condition.holds_weakly(etag),
        _ => false,
    })
}
