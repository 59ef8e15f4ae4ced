//! OpenAPI of the invoke parameters: what WeChat, a mini-program or an app's SDK is called with.

use serde_json::{Value, json};

/// The schemas of both forms.
pub fn schemas() -> [(&'static str, Value); 2] {
    let jsapi = form(
        "What JSAPI is paid with: the argument of WeixinJSBridge.invoke(\"getBrandWCPayRequest\", …), and, without appId, of a \
         mini-program's wx.requestPayment. wx.chooseWXPay alone spells timeStamp as timestamp. That it answers ok proves nothing: ask \
         queryOrder.",
        &jsapi_params(),
    );
    let app = form(
        "What APP is paid with. The SDKs spell these names in their own way (PayReq: appId, partnerId, prepayId, packageValue, nonceStr, \
         timeStamp, sign); the values stay as they are.",
        &app_params(),
    );
    [("JsapiParams", jsapi), ("AppParams", app)]
}

/// All of them texts, none of them left out.
fn form(description: &str, example: &Value) -> Value {
    let names: Vec<_> = example.as_object().into_iter().flatten().map(|(name, _)| name).collect();
    let properties: Value = names.iter().map(|name| ((*name).clone(), json!({"type": "string"}))).collect();
    json!({"description": description, "type": "object", "required": names, "properties": properties})
}

/// Signed by the key of the simulated WeChat's default merchant.
pub fn jsapi_params() -> Value {
    json!({
        "appId": "wx0000000000000001",
        "timeStamp": "1795472625",
        "nonceStr": "5K8264ILTKCH16CQ2502SI8ZNMTM67VS",
        "package": "prepay_id=wx24062345522402465816291019a81f00",
        "signType": "MD5",
        "paySign": "C7A034F4ACD2FDC78CB63BD1666A88FB",
    })
}

/// Likewise.
pub fn app_params() -> Value {
    json!({
        "appid": "wx0000000000000001",
        "partnerid": "1900000001",
        "prepayid": "wx24062345522402465816291019a81f00",
        "package": "Sign=WXPay",
        "noncestr": "5K8264ILTKCH16CQ2502SI8ZNMTM67VS",
        "timestamp": "1795472625",
        "sign": "CA26963AD617265C041D39072E3542C4",
    })
}
