//! The Lambda function: settings, clients, runtime. Everything else is in the library.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use config_rule::aws::{Connection, Options};
use config_rule::failure::Failure;
use config_rule::handler::{Invocation, Rule};
use config_rule::settings::Settings;
use lambda_runtime::{Diagnostic, Error, LambdaEvent, service_fn};
use serde_json::Value;
use tokio::time::Instant;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let settings = Settings::read(|name| std::env::var(name).ok())?;
    let connection = Connection::load(&Options::default()).await;
    let rule = Arc::new(Rule::new(settings, connection.region().unwrap_or_default()));
    let connection = Arc::new(connection);
    lambda_runtime::run(service_fn(move |event| answer(Arc::clone(&rule), Arc::clone(&connection), event))).await
}

async fn answer(rule: Arc<Rule>, connection: Arc<Connection>, event: LambdaEvent<Value>) -> Result<Value, Diagnostic> {
    let context = event.context;
    let invocation = Invocation {
        request_id: &context.request_id,
        function_arn: &context.invoked_function_arn,
        time_limit: Instant::now() + time_left(context.deadline),
    };
    let answer = rule.handle(event.payload, invocation, connection.as_ref(), config_rule::now).await;
    match &answer {
        Ok(summary) => eprintln!("{summary}"),
        Err(failure) => eprintln!("{}: {failure}", failure.kind()),
    }
    answer.map_err(|failure| diagnostic(&failure))
}

/// What Lambda leaves of the function's time limit. cargo-lambda's stand-in sends a deadline that has always passed.
fn time_left(deadline_ms: u64) -> Duration {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Duration::from_millis(deadline_ms).checked_sub(now).unwrap_or(WITHOUT_DEADLINE)
}

const WITHOUT_DEADLINE: Duration = Duration::from_secs(60);

fn diagnostic(failure: &Failure) -> Diagnostic {
    Diagnostic { error_type: failure.kind().to_owned(), error_message: failure.to_string() }
}
