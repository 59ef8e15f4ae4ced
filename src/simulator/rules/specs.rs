//! A table of parameters: which each API takes, what WeChat calls them, which it insists on.

/// A parameter of a request: its name, WeChat's name for it, how many bytes it may have.
pub struct Spec(pub &'static str, pub &'static str, pub usize);

pub const ENVELOPE: [Spec; 7] = [
    Spec("appid", "公众账号ID", 32),
    Spec("mch_id", "商户号", 32),
    Spec("sub_appid", "子商户公众账号ID", 32),
    Spec("sub_mch_id", "子商户号", 32),
    Spec("nonce_str", "随机字符串", 32),
    Spec("sign", "签名", 128),
    Spec("sign_type", "签名类型", 32),
];

pub const UNIFIED_ORDER: [Spec; 21] = [
    Spec("device_info", "设备号", 32),
    Spec("body", "商品描述", 127),
    Spec("detail", "商品详情", 6144),
    Spec("attach", "附加数据", 127),
    Spec("out_trade_no", "商户订单号", 32),
    Spec("fee_type", "标价币种", 16),
    Spec("total_fee", "标价金额", 20),
    Spec("spbill_create_ip", "终端IP", 64),
    Spec("time_start", "交易起始时间", 14),
    Spec("time_expire", "交易结束时间", 14),
    Spec("goods_tag", "订单优惠标记", 32),
    Spec("notify_url", "通知地址", 256),
    Spec("trade_type", "交易类型", 16),
    Spec("product_id", "商品ID", 32),
    Spec("limit_pay", "指定支付方式", 32),
    Spec("openid", "用户标识", 128),
    Spec("sub_openid", "用户子标识", 128),
    Spec("receipt", "电子发票入口开放标识", 8),
    Spec("scene_info", "场景信息", 256),
    Spec("profit_sharing", "是否需要分账", 16),
    Spec("version", "接口版本号", 32),
];
pub const UNIFIED_ORDER_REQUIRED: [&str; 6] = ["body", "out_trade_no", "total_fee", "spbill_create_ip", "notify_url", "trade_type"];

pub const ORDER_QUERY: [Spec; 2] = [Spec("transaction_id", "微信订单号", 32), Spec("out_trade_no", "商户订单号", 32)];
pub const CLOSE_ORDER: [Spec; 1] = [Spec("out_trade_no", "商户订单号", 32)];

pub const REFUND: [Spec; 11] = [
    Spec("transaction_id", "微信支付订单号", 32),
    Spec("out_trade_no", "商户订单号", 32),
    Spec("out_refund_no", "商户退款单号", 64),
    Spec("total_fee", "标价金额", 20),
    Spec("refund_fee", "退款金额", 20),
    Spec("refund_fee_type", "退款货币种类", 8),
    Spec("refund_desc", "退款原因", 80),
    Spec("refund_account", "退款资金来源", 30),
    Spec("notify_url", "退款结果通知url", 256),
    // Of old versions; libraries go on sending them.
    Spec("op_user_id", "操作员", 32),
    Spec("device_info", "设备号", 32),
];
pub const REFUND_REQUIRED: [&str; 3] = ["out_refund_no", "total_fee", "refund_fee"];
pub const REFUND_QUERY: [Spec; 6] = [
    Spec("refund_id", "微信退款单号", 32),
    Spec("out_refund_no", "商户退款单号", 64),
    Spec("transaction_id", "微信订单号", 32),
    Spec("out_trade_no", "商户订单号", 32),
    Spec("offset", "偏移量", 15),
    Spec("device_info", "设备号", 32),
];
/// The documents allow less than the longest word that they list.
pub const DOWNLOAD_BILL: [Spec; 4] = [
    Spec("bill_date", "对账单日期", 32),
    Spec("bill_type", "账单类型", 32),
    Spec("tar_type", "压缩账单", 32),
    // Of old versions; libraries go on sending it.
    Spec("device_info", "设备号", 32),
];
pub const DOWNLOAD_FUND_FLOW: [Spec; 3] =
    [Spec("bill_date", "资金账单日期", 32), Spec("account_type", "资金账户类型", 32), Spec("tar_type", "压缩账单", 32)];
