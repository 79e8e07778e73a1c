//! The Runtime API, as a runtime sees it: next, answer, next.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use sandbox::aws::RuntimeApi;
use sandbox::aws::runtime_api::TIMED_OUT;
use serde_json::{Value, json};
use shared::http::{Network, Wire as _};

const LONG: Duration = Duration::from_secs(20);

/// The least that a runtime does.
struct Runtime {
    network: Network,
    base: String,
}

impl Runtime {
    fn of(api: &RuntimeApi) -> Self {
        let base = format!("http://{}/2018-06-01/runtime", api.address());
        Self { network: Network::connect().unwrap(), base }
    }

    async fn call(&self, method: &str, path: &str, body: &Value) -> Response<Bytes> {
        let request = Request::builder().method(method).uri(format!("{}{path}", self.base));
        self.network.send(request.body(body.to_string().into()).unwrap()).await.unwrap()
    }

    async fn next(&self) -> (String, Value) {
        let next = self.call("GET", "/invocation/next", &Value::Null).await;
        let header = |name: &str| next.headers()[name].to_str().unwrap().to_owned();
        assert!(header("lambda-runtime-deadline-ms").parse::<i64>().unwrap() > 0);
        assert!(header("lambda-runtime-invoked-function-arn").ends_with(":function:poll"));
        (header("lambda-runtime-aws-request-id"), serde_json::from_slice(next.body()).unwrap())
    }

    async fn post(&self, path: &str, body: Value) -> StatusCode {
        self.call("POST", path, &body).await.status()
    }
}

#[tokio::test]
async fn an_event_is_handed_out_and_its_answer_comes_back() {
    let api = RuntimeApi::serve("poll").await.unwrap();
    let runtime = Runtime::of(&api);
    let serve = async {
        for _ in 0..2 {
            let (id, event) = runtime.next().await;
            let status = runtime.post(&format!("/invocation/{id}/response"), json!([event])).await;
            assert_eq!(status, StatusCode::ACCEPTED);
        }
    };
    let invoke = async {
        assert_eq!(api.invoke(json!({"sweep": true}), LONG).await, Ok(json!([{"sweep": true}])));
        assert_eq!(api.invoke(json!(2), LONG).await, Ok(json!([2])));
    };
    tokio::join!(serve, invoke);
}

#[tokio::test]
async fn an_error_comes_back_with_its_type_and_message() {
    let api = RuntimeApi::serve("poll").await.unwrap();
    let runtime = Runtime::of(&api);
    let fail = async {
        let (id, _) = runtime.next().await;
        let error = json!({"errorType": "Settings", "errorMessage": "3 settings are wrong"});
        runtime.post(&format!("/invocation/{id}/error"), error).await
    };
    let (answer, status) = tokio::join!(api.invoke(json!({}), LONG), fail);
    assert_eq!(status, StatusCode::ACCEPTED);
    assert_eq!(answer.unwrap_err().to_string(), "Settings: 3 settings are wrong");
}

#[tokio::test]
async fn an_invocation_that_is_not_answered_in_time_is_given_up_on_and_its_late_answer_refused() {
    let api = RuntimeApi::serve("poll").await.unwrap();
    let runtime = Runtime::of(&api);
    let late = api.invoke(json!("late"), Duration::from_millis(300));
    let (answer, (id, event)) = tokio::join!(late, runtime.next());
    assert_eq!((answer.unwrap_err().error_type.as_str(), event), (TIMED_OUT, json!("late")));
    let status = runtime.post(&format!("/invocation/{id}/response"), json!({})).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn an_event_that_nobody_waits_for_any_longer_is_not_handed_out() {
    let api = RuntimeApi::serve("poll").await.unwrap();
    let runtime = Runtime::of(&api);
    api.invoke(json!("forgotten"), Duration::from_millis(10)).await.unwrap_err();
    let serve = async {
        let (id, event) = runtime.next().await;
        assert_eq!(event, json!("fresh"));
        runtime.post(&format!("/invocation/{id}/response"), json!({})).await
    };
    let (answer, _) = tokio::join!(api.invoke(json!("fresh"), LONG), serve);
    assert_eq!(answer, Ok(json!({})));
}

#[tokio::test]
async fn a_function_that_could_not_start_fails_every_invocation() {
    let api = RuntimeApi::serve("poll").await.unwrap();
    let runtime = Runtime::of(&api);
    let error = json!({"errorType": "Environment", "errorMessage": "BUCKET is not set"});
    let (waiting, status) =
        tokio::join!(api.invoke(json!({}), LONG), runtime.post("/init/error", error));
    assert_eq!(status, StatusCode::ACCEPTED);
    assert_eq!(waiting.unwrap_err().error_type, "Environment");
    assert_eq!(api.invoke(json!({}), LONG).await.unwrap_err().error_message, "BUCKET is not set");
}
