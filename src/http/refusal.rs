//! Error responses: `{"code":1,"msg":…,"reason":…}`. What a caller is told is decided here; why it happened is logged, once,
//! where it happened.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use tracing::error;
use utoipa::ToSchema;

use crate::channel::{CallError, Doubt};
use crate::deal::{AccountId, CheckoutId, Fen, OrderId, Refund};
use crate::gateway::{GatewayError, NoAccount};

use super::NoOutcome;

/// The pause that a caller is advised after a failure that may pass.
const SOON: Duration = Duration::from_secs(2);

/// A refused call.
#[derive(Debug, Serialize, ToSchema)]
pub struct Refusal {
    #[serde(skip)]
    status: StatusCode,
    #[schema(minimum = 1, maximum = 1)]
    code: u8,
    /// A sentence in Chinese, for people.
    msg: &'static str,
    /// A word for programs.
    reason: &'static str,
    /// Which parameter is to blame.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    field: Option<Box<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    detail: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    order_id: Option<Box<str>>,
    /// Seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    retry_after: Option<u64>,
    #[serde(flatten)]
    #[schema(ignore)]
    further: Option<Box<Further>>,
    /// Whether a key would help.
    #[serde(skip)]
    wants_key: bool,
}

/// What the refusal of a checkout or a refund says beside.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct Further {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    checkout_id: Option<String>,
    /// The refund that WeChat has refused for good.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    refund_id: Option<String>,
    /// How it stands: FAILED.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    refund_state: Option<&'static str>,
    /// What can still be given back, in yuan.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    left: Option<String>,
}

/// The reason of a refusal, for the access log.
#[derive(Debug, Clone, Copy)]
pub struct Reason(pub &'static str);

impl Refusal {
    fn new(status: StatusCode, reason: &'static str, msg: &'static str) -> Self {
        Self { status, code: 1, msg, reason, field: None, detail: None, order_id: None, retry_after: None, further: None, wants_key: false }
    }

    pub fn invalid(msg: &'static str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "INVALID_PARAMETER", msg)
    }

    pub fn invalid_field(field: &str, detail: impl Into<String>) -> Self {
        Self { field: Some(field.into()), ..Self::invalid("参数错误").detail(detail) }
    }

    pub fn too_large() -> Self {
        Self { status: StatusCode::PAYLOAD_TOO_LARGE, ..Self::invalid("请求内容过大") }
    }

    pub fn body_too_slow() -> Self {
        Self { status: StatusCode::REQUEST_TIMEOUT, ..Self::invalid("请求内容接收超时") }
    }

    pub fn unsupported_type() -> Self {
        let detail = "content type application/json, application/x-www-form-urlencoded or multipart/form-data, without content encoding";
        Self { status: StatusCode::UNSUPPORTED_MEDIA_TYPE, ..Self::invalid("不支持的内容类型").detail(detail) }
    }

    /// No key, or none of ours: which of the two is not said.
    pub fn no_key() -> Self {
        Self { wants_key: true, ..Self::unauthorized("a key is wanted: Authorization: Bearer <key>") }
    }

    /// No signature, or a wrong one.
    pub fn no_signature() -> Self {
        Self::unauthorized("an offer signed by the merchant's back end is wanted: timestamp, nonce and signature")
    }

    pub fn stale_signature() -> Self {
        Self::unauthorized("the signature is too old, or its timestamp (in seconds) lies in the future")
    }

    fn unauthorized(detail: &'static str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", "调用方未获授权").detail(detail)
    }

    /// The key is one of ours, and not for this.
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "FORBIDDEN", "没有权限").detail(detail)
    }

    pub fn path_not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "NOT_FOUND", "路径不存在")
    }

    pub fn method_not_allowed() -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", "请求方法不支持")
    }

    pub fn unavailable() -> Self {
        Self {
            retry_after: Some(SOON.as_secs()), ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE", "服务暂不可用，请稍后再试")
        }
    }

    pub fn rate_limited(wait: Duration) -> Self {
        // Whole seconds, rounded up: a caller that waits that long is let through.
        let seconds = u64::try_from(wait.as_millis().div_ceil(1000)).unwrap_or(u64::MAX);
        Self {
            retry_after: Some(seconds), ..Self::new(StatusCode::TOO_MANY_REQUESTS, "RATE_LIMITED", "请求过于频繁，请稍后再试")
        }
    }

    /// What is asked for wants these keys of the configuration.
    pub fn not_configured(keys: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_IMPLEMENTED, "NOT_CONFIGURED", "该功能尚未配置").detail(keys)
    }

    /// A fault of ours; it has been logged where it was met.
    pub fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL", "服务内部错误")
    }

    pub fn too_slow() -> Self {
        Self::upstream(StatusCode::GATEWAY_TIMEOUT)
    }

    fn upstream(status: StatusCode) -> Self {
        Self { retry_after: Some(SOON.as_secs()), ..Self::new(status, "UPSTREAM", "微信支付暂无应答，请稍后再试") }
    }

    pub fn order_paid(order_id: &OrderId) -> Self {
        Self::new(StatusCode::OK, "ORDER_PAID", "该订单已支付").order(order_id)
    }

    pub fn order_closed(order_id: &OrderId) -> Self {
        Self::new(StatusCode::OK, "ORDER_CLOSED", "该订单已关闭").order(order_id)
    }

    /// Of a checkout that is given up, or whose time is over.
    pub fn checkout_closed(checkout_id: &CheckoutId) -> Self {
        Self::from(&GatewayError::CheckoutClosed).checkout(checkout_id)
    }

    /// It is about this checkout.
    pub fn checkout(self, checkout_id: &CheckoutId) -> Self {
        let further = Further { checkout_id: Some(checkout_id.to_string()), ..self.further.map(|further| *further).unwrap_or_default() };
        Self { further: Some(Box::new(further)), ..self }
    }

    /// WeChat has refused a refund for good; a repeat is answered the same.
    pub fn refund_refused(refund: &Refund) -> Self {
        let (refund_id, refund_state) = (Some(refund.refund_id.to_string()), Some(refund.state.as_str()));
        let further = Some(Box::new(Further { refund_id, refund_state, ..Further::default() }));
        let refused = Self::new(StatusCode::OK, "WECHAT_REFUSED", "微信支付拒绝了退款").order(&refund.order_id);
        Self { further, detail: refund.detail.clone(), ..refused }
    }

    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    fn order(mut self, order_id: &OrderId) -> Self {
        self.order_id = Some(order_id.as_str().into());
        self
    }

    /// The same refusal with the sentence that belongs to this endpoint.
    pub fn saying(mut self, msg: &'static str) -> Self {
        self.msg = msg;
        self
    }

    pub fn is_business(&self) -> bool {
        self.status == StatusCode::OK
    }
}

impl From<&GatewayError> for Refusal {
    fn from(error: &GatewayError) -> Self {
        match error {
            GatewayError::NotFound => Self::new(StatusCode::NOT_FOUND, "ORDER_NOT_FOUND", "订单不存在"),
            GatewayError::IdempotencyConflict(field) => Self {
                field: Some((*field).into()),
                ..Self::new(StatusCode::CONFLICT, "IDEMPOTENCY_CONFLICT", "相同的 Idempotency-Key 已用于其他参数")
            },
            GatewayError::SignatureUsed => Self::unauthorized("this signature has been used"),
            GatewayError::TradeTypeOff(account) => Self::not_configured(format!("{}.trade_types", section(account))),
            GatewayError::OtherAddress => Self::new(StatusCode::OK, "WECHAT_REFUSED", "微信支付拒绝了请求").detail(error.to_string()),
            GatewayError::CheckoutClosed => Self::new(StatusCode::OK, "ORDER_CLOSED", "该订单已关闭"),
            GatewayError::TooEarly(wait) => Self {
                retry_after: Some(wait.as_secs()),
                ..Self::new(StatusCode::OK, "TOO_EARLY", "订单生成后不能马上关单").detail("the order is too young to be closed")
            },
            GatewayError::RefundNotFound => Self::new(StatusCode::NOT_FOUND, "REFUND_NOT_FOUND", "退款单不存在"),
            GatewayError::NoCertificate(account) => {
                let section = section(account);
                Self::not_configured(format!("{section}.client_cert, {section}.client_key"))
            }
            GatewayError::NotPaid(order_id) => Self::new(StatusCode::OK, "ORDER_NOT_PAID", "该订单未支付").order(order_id),
            GatewayError::RefundTooLate => Self::new(StatusCode::OK, "REFUND_TOO_LATE", "支付已超过一年，不能退款"),
            GatewayError::RefundTooMuch(left) => Self {
                further: Some(Box::new(Further { left: Some(Fen::yuan_or_nothing(*left)), ..Further::default() })),
                ..Self::new(StatusCode::OK, "REFUND_TOO_MUCH", "退款金额超过可退金额")
            },
            GatewayError::RefundTooMany => Self::new(StatusCode::OK, "REFUND_TOO_MANY", "该订单的退款次数已达上限"),
            GatewayError::RefundMoved => Self::new(StatusCode::OK, "REFUND_TOO_SOON", "该订单刚有其他退款，请重新查询"),
            GatewayError::RefundTooSoon(wait) => Self {
                retry_after: Some(wait.as_secs()),
                ..Self::new(StatusCode::OK, "REFUND_TOO_SOON", "距上一次退款时间太短，请稍后再试")
            },
            GatewayError::NotWeChats(order_id) => {
                Self::new(StatusCode::OK, "WECHAT_REFUSED", "该订单不是微信支付订单").detail(error.to_string()).order(order_id)
            }
            GatewayError::Refused(order_id, refusal) => {
                Self::new(StatusCode::OK, "WECHAT_REFUSED", "微信支付拒绝了请求").detail(refusal.to_string()).order(order_id)
            }
            GatewayError::Upstream(order_id, CallError::Unknown(Doubt::Timeout)) => {
                Self::upstream(StatusCode::GATEWAY_TIMEOUT).order(order_id)
            }
            GatewayError::Upstream(order_id, _) | GatewayError::LeftOpen(order_id) | GatewayError::Mismatch(order_id) => {
                Self::upstream(StatusCode::BAD_GATEWAY).order(order_id)
            }
            GatewayError::NoAccount(NoAccount(account)) => Self::not_configured(format!("accounts.{account}")),
            GatewayError::BillNotFound => Self::new(StatusCode::NOT_FOUND, "BILL_NOT_FOUND", "没有这一天的账单"),
            GatewayError::DifferenceNotFound => Self::new(StatusCode::NOT_FOUND, "DIFFERENCE_NOT_FOUND", "没有这条差异"),
            GatewayError::DifferenceClosed => Self::new(StatusCode::CONFLICT, "DIFFERENCE_CLOSED", "该差异已处理，无需说明"),
            GatewayError::Busy => Self::unavailable(),
            GatewayError::Store(error) if error.is_unavailability() => Self::unavailable(),
            GatewayError::Store(error) => {
                error!(%error, "the store met what should not be");
                Self::internal()
            }
        }
    }
}

/// The configuration's section of an account.
fn section(account: &AccountId) -> String {
    if account.is_default() { "wechat".to_owned() } else { format!("accounts.{account}") }
}

impl From<GatewayError> for Refusal {
    fn from(error: GatewayError) -> Self {
        Self::from(&error)
    }
}

impl From<Arc<GatewayError>> for Refusal {
    fn from(error: Arc<GatewayError>) -> Self {
        Self::from(&*error)
    }
}

impl From<NoOutcome> for Refusal {
    fn from(no_outcome: NoOutcome) -> Self {
        match no_outcome {
            NoOutcome::NoRoom => Self::unavailable(),
            NoOutcome::TooSlow => Self::too_slow(),
            NoOutcome::Panicked => Self::internal(),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, reason, retry_after, wants_key) = (self.status, self.reason, self.retry_after, self.wants_key);
        let mut response = (status, Json(self)).into_response();
        if let Some(seconds) = retry_after
            && (status == StatusCode::SERVICE_UNAVAILABLE || status == StatusCode::TOO_MANY_REQUESTS)
        {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if wants_key {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response.extensions_mut().insert(Reason(reason));
        response
    }
}
