//! Test vectors: messages whose signatures are known from elsewhere: WeChat's worked example (PROTOCOL.md, 2.3), and messages
//! of the documents' shapes whose digests other programs have computed (2.4 and 7.2). All with the example's key.

use crate::channel::error::SignatureError;
use crate::channel::notice::{News, NoticeError};
use crate::channel::outcome::{CloseOutcome, QueryOutcome, RefundOutcome, RefundQueryOutcome, RefundSubject};
use crate::deal::{Fen, OrderId, RefundState, Timestamp};

use super::fields::Fields;
use super::merchant::Merchant;
use super::reply;
use super::sign::SignType;
use super::testing::{BOTH, fields, merchant, read, signer};
use super::xml;
use crate::channel::error::{CallError, Doubt};
use crate::channel::proof::{ProvenPayment, Source, TradeState};

struct Vector {
    name: &'static str,
    /// One `name=value` a line, in an order as on the wire; empty values are not part of the string to sign.
    lines: &'static str,
    /// One more line.
    more: &'static str,
    md5: Option<&'static str>,
    hmac_sha256: Option<&'static str>,
}

static VECTORS: [Vector; 27] = [
    Vector {
        name: "the worked example",
        lines: "appid=wxd930ea5d5a258f4f\nmch_id=10000100\ndevice_info=1000\nbody=test\nnonce_str=ibuaiVcKdpRxkhJA",
        more: "",
        md5: Some("9A0A8659F005D6984697E2CA0A9CF3B7"),
        hmac_sha256: Some("6A9AE1657590FD6257D693A078E1C3E4BB6BA4DC30B23E0EE2496E54170DACD6"),
    },
    Vector {
        name: "V2a: Chinese text, special characters, an empty field",
        lines: V2A,
        more: "",
        md5: Some("1781FA6CB3641A65109650E4D9B33F6A"),
        hmac_sha256: Some("D6644B2676AEB99AF44B9B35D08D376D8853DE6288F5D098DAA46E3AE8860149"),
    },
    Vector {
        name: "V2b: sign_type is signed like any field",
        lines: V2A,
        more: "sign_type=HMAC-SHA256",
        md5: Some("EF6F596961F37FAE0BD8916F3B7DED74"),
        hmac_sha256: Some("953CF0EACF5875F58B8D6489B790E0B66403D815EB121C90A11CE414E7148F0E"),
    },
    Vector {
        name: "V3: names in the order of their bytes",
        lines: "a_=6\naB=7\na=1\n_=4\nB=2\na1=5\nA=3",
        more: "",
        md5: Some("94E27094A4FDB38B009144B70BF0B900"),
        hmac_sha256: Some("B1416741FF9DC1CBB933B0888723B713AF217B8F78BAC90A9CF87C7F10D57E98"),
    },
    Vector {
        name: "V4: an unpaid order, attach empty",
        lines: V4,
        more: "",
        md5: Some("90C62550A947EA197B2F671AB6924F50"),
        hmac_sha256: Some("68814ACC0822C24C053F4BFFE9ABB9543D308D788BCF326F4B1C8382A9526785"),
    },
    Vector { name: "V5: a notification with a coupon", lines: V5, more: "", md5: Some(V5_MD5), hmac_sha256: Some(V5_HMAC_SHA256) },
    Vector {
        name: "V5x: and with a field of the future",
        lines: V5,
        more: "future_field=x",
        md5: Some(V5X_MD5),
        hmac_sha256: Some(V5X_HMAC_SHA256),
    },
    Vector {
        name: "V6 and T2: JSAPI",
        lines: "appId=wxd930ea5d5a258f4f\ntimeStamp=1414561699\nnonceStr=5K8264ILTKCH16CQ2502SI8ZNMTM67VS\n\
                package=prepay_id=wx201410272009395522657a690389285100\nsignType=MD5",
        more: "",
        md5: Some("FD19D752A746E5F238A6E53BD99EEBD0"),
        hmac_sha256: None,
    },
    Vector {
        name: "V7 and T4: APP",
        lines: "appid=wxd930ea5d5a258f4f\npartnerid=10000100\nprepayid=wx201410272009395522657a690389285100\npackage=Sign=WXPay\n\
                noncestr=5K8264ILTKCH16CQ2502SI8ZNMTM67VS\ntimestamp=1414561699",
        more: "",
        md5: Some("1F88CC0F1B0560FF6D5EED1FBB7AE9C0"),
        hmac_sha256: Some("62E940627B1AE23A7FA957793AD576177906BAFF190D103D0CC6F55B75F8DD2F"),
    },
    Vector {
        name: "T1: an order of a payer in WeChat",
        lines: T1,
        more: "",
        md5: Some("9C79BE4297782DCE8A3B310313134128"),
        hmac_sha256: Some("87E6A4E96F6263A784605B52E46088793159BB447F4AF25CE2512C15DBE6DF45"),
    },
    Vector {
        name: "T3: JSAPI, by the other algorithm",
        lines: "appId=wxd930ea5d5a258f4f\ntimeStamp=1414561699\nnonceStr=5K8264ILTKCH16CQ2502SI8ZNMTM67VS\n\
                package=prepay_id=wx201410272009395522657a690389285100\nsignType=HMAC-SHA256",
        more: "",
        md5: None,
        hmac_sha256: Some("FC7A79E4918B4FFA96E836F5AD4A510F31241FB46C14C971D6D7B4F8E15AF262"),
    },
    Vector {
        name: "T5: an order of a payer in a browser, scene_info as it is",
        lines: T5,
        more: "",
        md5: Some("0995D31829275E1FC107D6F2BA9B143D"),
        hmac_sha256: Some("545F6ECA4BC1ABB4A1AD42C6BAABD59B4127A1536EF0FFD0147D3C8390EE95C3"),
    },
    Vector {
        name: "T7: a mini-program",
        lines: "appId=wx0123456789abcdef\ntimeStamp=1414561699\nnonceStr=5K8264ILTKCH16CQ2502SI8ZNMTM67VS\n\
                package=prepay_id=wx201410272009395522657a690389285100\nsignType=HMAC-SHA256",
        more: "",
        md5: None,
        hmac_sha256: Some("6E8DB4E4010851245477B93BB4D763064AD462EF5ECE4836D0D6B79A0F78BBD2"),
    },
    Vector {
        name: "V8: the static Native link",
        lines: "appid=wxd930ea5d5a258f4f\nmch_id=10000100\nproduct_id=p1001\ntime_stamp=1414561699\nnonce_str=5K8264ILTKCH16CQ2502SI8ZNMTM67VS",
        more: "",
        md5: Some("D6DD49138F9E129643114A08C57A77B6"),
        hmac_sha256: Some("B8BDE53B3706CFAED9E7356CB5E78EC7A3F2EFFCA7FFF46CE7E7F12B29D400E4"),
    },
    Vector {
        name: "an orderquery request",
        lines: "appid=wxd930ea5d5a258f4f\nmch_id=10000100\nnonce_str=ec2316275641faa3aacf3cc599e8730f\nout_trade_no=20150806125346",
        more: "",
        md5: Some("06665C835BC3C1DF3F977AACC8C70F92"),
        hmac_sha256: Some("96A906D56B96BD622DA6CFF8584AC995825706CE521937ACEE68A4932BE008A3"),
    },
    Vector {
        name: "a closeorder request",
        lines: "appid=wxd930ea5d5a258f4f\nmch_id=10000100\nnonce_str=4ca93f17ddf3443ceabf72f26d64fe0e\nout_trade_no=20150806125346",
        more: "",
        md5: Some("81BA9ED05942018F92186E83D072DBA4"),
        hmac_sha256: Some("7800F5E510B4D03E9B17DF3DF57E8F935D614EE371F28823011717681943BE9E"),
    },
    Vector {
        name: "a closeorder answer, sub_mch_id empty",
        lines: CLOSED,
        more: "",
        md5: Some("4133038C01391C4AF4273397EAC75DDE"),
        hmac_sha256: Some("493CE8EA94587132880EEFB9E32ECA320AA59C4989D3441EB5F5787C05EB7B76"),
    },
    Vector {
        name: "a refund request",
        lines: "appid=wxd930ea5d5a258f4f\nmch_id=10000100\nnonce_str=6cefdb308e1e2e8aabd48cf79e546a02\nout_trade_no=20150806125346\n\
                out_refund_no=R20150806125346\ntotal_fee=88\nrefund_fee=88\nrefund_desc=商品已售完",
        more: "",
        md5: Some("7F62652A934E75686374CDC1FECFA273"),
        hmac_sha256: Some("9FF044282BAAED57138872AAED64253A1F9B2B31E720212A6DB812B6E123E38D"),
    },
    Vector {
        name: "a downloadfundflow request",
        lines: "appid=wxd930ea5d5a258f4f\nmch_id=10000100\nnonce_str=21df7dc9cd8616b56919f20d9f679233\nsign_type=HMAC-SHA256\n\
                bill_date=20180806\naccount_type=Basic\ntar_type=GZIP",
        more: "",
        md5: None,
        hmac_sha256: Some("CBEF2386149E4A03F9B5586D389F938EF06391C4D82159EA1A1D593416A81D24"),
    },
    Vector {
        name: "a getsignkey request",
        lines: "mch_id=10000100\nnonce_str=5K8264ILTKCH16CQ2502SI8ZNMTM67VS",
        more: "",
        md5: Some("663F5D1546FE61FA6E1E4502C475CF5A"),
        hmac_sha256: None,
    },
    Vector {
        name: "R1: a refund, described in Chinese",
        lines: R1,
        more: "",
        md5: Some("B7E2B241B28FC9FE2025B3C46743F4E9"),
        hmac_sha256: Some("F3561D10A1FEAC6B6825460A5FF65D611809639782F43ADE6DFBCFB4B6A24317"),
    },
    Vector {
        name: "R1h: the same with sign_type",
        lines: R1,
        more: "sign_type=HMAC-SHA256",
        md5: Some("5A07002C97580FAFB4F7C67FB6A1954C"),
        hmac_sha256: Some("F39CB5C8BE9EF1FD3770044DBF8344CD9C60C7FF43941DF4AC22C040622C61FA"),
    },
    Vector {
        name: "R2: a refund's answer, refund_channel empty",
        lines: R2,
        more: "",
        md5: Some("C978DD4EA26283C2E15F7DE9B6D0B2AB"),
        hmac_sha256: Some("236B0C21D5702A7A41C8A92716D164FEBB75ECF9779224D5F9216122D24FAFBE"),
    },
    Vector {
        name: "R3: the second page of a refundquery, with a coupon",
        lines: R3,
        more: "",
        md5: Some("92300069AAFF74E423BF7C1CBA404F10"),
        hmac_sha256: Some("E5F3D82C70FE5306BAE2D781AAEF7044EB71AC50C6C492C34A3AA05F15CD1C94"),
    },
    Vector {
        name: "R4: refundquery with an offset",
        lines: R4,
        more: "",
        md5: Some("297A4DEB174F90D3B15BB4FEB031E9EB"),
        hmac_sha256: Some("F2FB7814A14C3900CE5C55DA81FAB74E4B5183E3EC19DBB7C28AFEBF099407A4"),
    },
    Vector {
        name: "B1: downloadbill",
        lines: B1,
        more: "",
        md5: Some("A487A5DECD58081FD9BD95C8E957A2CC"),
        hmac_sha256: Some("CCE9D9A20D05BE4DE2CA2F8D33ABA9A7CBB68BB5F062C70DA17D8456ED02ACB2"),
    },
    Vector {
        name: "B2: downloadfundflow",
        lines: B2,
        more: "",
        md5: None,
        hmac_sha256: Some("D9043B80F8AB1B164960ED0E737F6EDDDA494B188A3990E1CE4C5D357AE34C6B"),
    },
];

const V2A: &str = "\
appid=wxd930ea5d5a258f4f
mch_id=10000100
device_info=
nonce_str=5K8264ILTKCH16CQ2502SI8ZNMTM67VS
body=腾讯充值中心-QQ会员充值
attach=a&b=<c>\"d'
out_trade_no=20150806125346
total_fee=88
spbill_create_ip=123.12.12.123
notify_url=https://example.com/wxPay/callback
trade_type=NATIVE
product_id=12235413214070356458058";

const T1: &str = "\
appid=wxd930ea5d5a258f4f
mch_id=10000100
nonce_str=5K8264ILTKCH16CQ2502SI8ZNMTM67VS
body=腾讯充值中心-QQ会员充值
out_trade_no=20150806125346
total_fee=88
spbill_create_ip=123.12.12.123
notify_url=https://example.com/wxPay/callback
trade_type=JSAPI
openid=oUpF8uMEb4qRXf22hE3X68TekukE";

const T5: &str = "\
appid=wxd930ea5d5a258f4f
mch_id=10000100
nonce_str=5K8264ILTKCH16CQ2502SI8ZNMTM67VS
body=腾讯充值中心-QQ会员充值
out_trade_no=20150806125346
total_fee=88
spbill_create_ip=123.12.12.123
notify_url=https://example.com/wxPay/callback
trade_type=MWEB
scene_info={\"h5_info\":{\"type\":\"Wap\",\"wap_url\":\"https://example.com\",\"wap_name\":\"腾讯充值\"}}";

const R1: &str = "\
appid=wxd930ea5d5a258f4f
mch_id=10000100
nonce_str=5K8264ILTKCH16CQ2502SI8ZNMTM67VS
notify_url=https://example.com/wxPay/refund
out_refund_no=R20150806125346_1
out_trade_no=20150806125346
refund_desc=商品已售完
refund_fee=30
total_fee=88";

const R2: &str = "\
appid=wxd930ea5d5a258f4f
cash_fee=88
cash_refund_fee=30
coupon_refund_count=0
coupon_refund_fee=0
mch_id=10000100
nonce_str=IwCgHIrcqGyVKUVZ
out_refund_no=R20150806125346_1
out_trade_no=20150806125346
refund_fee=30
refund_id=50303108562024011601487282563
result_code=SUCCESS
return_code=SUCCESS
return_msg=OK
total_fee=88
transaction_id=1004400740201409030005092168
refund_channel=";

const R3: &str = "\
appid=wxd930ea5d5a258f4f
cash_fee=78
coupon_refund_count_0=1
coupon_refund_fee_0=3
coupon_refund_fee_0_0=3
coupon_refund_id_0_0=10000
coupon_type_0_0=CASH
mch_id=10000100
nonce_str=TeqClE3i0mvn3DrK
out_refund_no_0=R20150806125346_11
out_refund_no_1=R20150806125346_12
out_trade_no=20150806125346
refund_account_0=REFUND_SOURCE_RECHARGE_FUNDS
refund_account_1=REFUND_SOURCE_RECHARGE_FUNDS
refund_channel_0=ORIGINAL
refund_channel_1=ORIGINAL
refund_count=2
refund_fee=60
refund_fee_0=30
refund_fee_1=30
refund_id_0=50303108562024011601487282563
refund_id_1=50303108562024011601487282564
refund_recv_accout_0=支付用户零钱
refund_recv_accout_1=招商银行信用卡0403
refund_status_0=SUCCESS
refund_status_1=PROCESSING
refund_success_time_0=2024-01-16 14:28:31
result_code=SUCCESS
return_code=SUCCESS
return_msg=OK
total_fee=88
total_refund_count=12
transaction_id=1004400740201409030005092168";

const R4: &str = "\
appid=wxd930ea5d5a258f4f
mch_id=10000100
nonce_str=5K8264ILTKCH16CQ2502SI8ZNMTM67VS
offset=10
out_trade_no=20150806125346";

pub(super) const B1: &str = "\
appid=wxd930ea5d5a258f4f
bill_date=20240116
bill_type=ALL
mch_id=10000100
nonce_str=5K8264ILTKCH16CQ2502SI8ZNMTM67VS
tar_type=GZIP";

pub(super) const B2: &str = "\
account_type=Basic
appid=wxd930ea5d5a258f4f
bill_date=20240116
mch_id=10000100
nonce_str=5K8264ILTKCH16CQ2502SI8ZNMTM67VS
sign_type=HMAC-SHA256";

const V4: &str = "\
return_code=SUCCESS
return_msg=OK
appid=wxd930ea5d5a258f4f
mch_id=10000100
nonce_str=1p0MDfw4V3sjvKVz
result_code=SUCCESS
out_trade_no=20150806125346
attach=
trade_state=NOTPAY
trade_state_desc=订单未支付";

pub(super) const V5: &str = "\
appid=wxd930ea5d5a258f4f
attach=支付测试
bank_type=CFT
cash_fee=78
coupon_count=1
coupon_fee=10
coupon_fee_0=10
coupon_id_0=10000
coupon_type_0=CASH
fee_type=CNY
is_subscribe=N
mch_id=10000100
nonce_str=5d2b6c2a8db53831f7eda20af46e531c
openid=oUpF8uMEb4qRXf22hE3X68TekukE
out_trade_no=20150806125346
result_code=SUCCESS
return_code=SUCCESS
time_end=20140903131540
total_fee=88
trade_type=NATIVE
transaction_id=1004400740201409030005092168";
const V5_MD5: &str = "5ED20434F985E58ABB1A4A4FCD12EC27";
const V5_HMAC_SHA256: &str = "6C073CD9B6F9CA750E6BF44B543572650CFED4FBEEF766A6BE3CED097045F452";

const V5X_MD5: &str = "A288487B48BDFC745187E03A222D0710";
const V5X_HMAC_SHA256: &str = "B48EFC45FC73E0B249B9C8C5E5A7B95974DE8AB3A9582053EFF40FDCF129F43B";

const CLOSED: &str = "\
return_code=SUCCESS
return_msg=OK
appid=wxd930ea5d5a258f4f
mch_id=10000100
sub_mch_id=
nonce_str=BFK89FC6rxKCOjLX
result_code=SUCCESS";

/// V5 as it would be posted, `{sign}` and one more element left open.
const V5_POST: &str = "\
<xml><appid><![CDATA[wxd930ea5d5a258f4f]]></appid>
<attach><![CDATA[支付测试]]></attach>
<bank_type><![CDATA[CFT]]></bank_type>
<cash_fee><![CDATA[78]]></cash_fee>
<coupon_count><![CDATA[1]]></coupon_count>
<coupon_fee>10</coupon_fee>
<coupon_fee_0><![CDATA[10]]></coupon_fee_0>
<coupon_id_0><![CDATA[10000]]></coupon_id_0>
<coupon_type_0><![CDATA[CASH]]></coupon_type_0>
<fee_type><![CDATA[CNY]]></fee_type>{more}
<is_subscribe><![CDATA[N]]></is_subscribe>
<mch_id><![CDATA[10000100]]></mch_id>
<nonce_str><![CDATA[5d2b6c2a8db53831f7eda20af46e531c]]></nonce_str>
<openid><![CDATA[oUpF8uMEb4qRXf22hE3X68TekukE]]></openid>
<out_trade_no><![CDATA[20150806125346]]></out_trade_no>
<result_code><![CDATA[SUCCESS]]></result_code>
<return_code><![CDATA[SUCCESS]]></return_code>
<sign><![CDATA[{sign}]]></sign>
<time_end><![CDATA[20140903131540]]></time_end>
<total_fee>88</total_fee>
<trade_type><![CDATA[NATIVE]]></trade_type>
<transaction_id><![CDATA[1004400740201409030005092168]]></transaction_id>
</xml>";

fn post(sign: &str, more: &str) -> String {
    V5_POST.replace("{sign}", sign).replace("{more}", more)
}

fn paid(merchant: &Merchant, body: &str) -> ProvenPayment {
    match read(merchant, body).unwrap() {
        News::Paid(paid) => paid,
        failed => panic!("{failed:?}"),
    }
}

impl Vector {
    fn fields(&self) -> Fields {
        fields(self.lines).iter().chain(fields(self.more).iter()).collect()
    }

    fn known(&self) -> impl Iterator<Item = (SignType, &'static str)> {
        let md5 = self.md5.map(|sign| (SignType::Md5, sign));
        md5.into_iter().chain(self.hmac_sha256.map(|sign| (SignType::HmacSha256, sign)))
    }
}

#[test]
fn every_vector_gets_its_signature_in_whatever_order_its_fields_come() {
    for vector in &VECTORS {
        for (sign_type, sign) in vector.known() {
            let signer = signer(sign_type);
            let forwards = vector.fields();
            let backwards: Fields = forwards.iter().collect::<Vec<_>>().into_iter().rev().collect();
            assert_eq!(signer.sign(&forwards), sign, "{}, {sign_type:?}", vector.name);
            assert_eq!(signer.sign(&backwards), sign, "{}, {sign_type:?}, backwards", vector.name);
        }
    }
}

#[test]
fn every_vector_still_verifies_after_a_journey_as_xml() {
    for vector in &VECTORS {
        for (sign_type, sign) in vector.known() {
            let sent = vector.fields().with("sign", sign);
            let received = xml::parse(xml::write(&sent).as_bytes()).unwrap();
            assert_eq!(received, sent, "{}", vector.name);
            assert_eq!(signer(sign_type).verify(&received), Ok(()), "{}, {sign_type:?}", vector.name);
        }
    }
}

#[test]
fn no_vector_verifies_with_the_signature_of_another_one_or_of_the_other_algorithm() {
    let all: Vec<_> = VECTORS.iter().flat_map(|vector| vector.known().map(move |known| (vector.fields(), known))).collect();
    for (message, (sign_type, _)) in &all {
        for (other, (other_type, sign)) in &all {
            let same = (message, sign_type) == (other, other_type);
            let expected = if same { Ok(()) } else { Err(SignatureError::Wrong) };
            assert_eq!(signer(*sign_type).verify(&message.clone().with("sign", *sign)), expected, "{message:?} {sign}");
        }
    }
}

#[test]
fn the_notification_with_a_coupon_is_proof_of_88_fen() {
    for (sign_type, sign) in [(SignType::Md5, V5_MD5), (SignType::HmacSha256, V5_HMAC_SHA256)] {
        let body = post(sign, "");
        let paid = paid(&merchant(sign_type), &body);
        assert_eq!(paid.order_id().as_str(), "20150806125346");
        assert_eq!(paid.transaction_id(), "1004400740201409030005092168");
        assert_eq!(paid.total_fee(), Fen::new(88).unwrap(), "not cash_fee, which is 78");
        assert!(paid.is_cny());
        assert_eq!(paid.time_end(), Some("2014-09-03T05:15:40Z".parse::<Timestamp>().unwrap()));
        assert_eq!(paid.source(), Source::Notification);
        assert_eq!(paid.evidence().xml(), body);
    }
}

#[test]
fn a_field_of_the_future_belongs_to_the_signature() {
    let more = "\n<future_field><![CDATA[x]]></future_field>";
    for (sign_type, before, after) in [(SignType::Md5, V5_MD5, V5X_MD5), (SignType::HmacSha256, V5_HMAC_SHA256, V5X_HMAC_SHA256)] {
        let merchant = merchant(sign_type);
        assert_eq!(paid(&merchant, &post(after, more)).total_fee().get(), 88);
        for (sign, more) in [(before, more), (after, "")] {
            let refused = read(&merchant, post(sign, more)).unwrap_err();
            assert_eq!(refused, NoticeError::Signature(SignatureError::Wrong));
        }
    }
}

#[test]
fn the_answers_pass_the_gate() {
    let order_id: OrderId = "20150806125346".parse().unwrap();
    let answers = |lines: &'static str| {
        let signed = |vector: &'static Vector| vector.known().map(|(sign_type, sign)| (sign_type, vector.fields().with("sign", sign)));
        let vectors = VECTORS.iter().filter(move |vector| vector.lines == lines);
        vectors.flat_map(signed).map(|(sign_type, fields)| (merchant(sign_type), xml::write(&fields).into_bytes()))
    };
    for (merchant, body) in answers(V4) {
        let QueryOutcome::Known(trade) = reply::order_query(&merchant, &order_id, &body).unwrap() else { panic!("known to WeChat") };
        assert_eq!((trade.state, trade.description.as_str()), (TradeState::NotPay, "订单未支付"));
        assert!(trade.paid.is_none());
    }
    for (merchant, body) in answers(CLOSED) {
        assert_eq!(reply::close_order(&merchant, &order_id, &body), Ok(CloseOutcome::Closed));
    }
    for (merchant, body) in answers(R2) {
        let accepted = reply::refund(&merchant, &order_id, &"R20150806125346_1".parse().unwrap(), &body).unwrap();
        let RefundOutcome::Accepted(proof) = accepted else { panic!("{accepted:?}") };
        assert_eq!((proof.fee().get(), proof.wechat_refund_id()), (30, "50303108562024011601487282563"));
    }
    for (merchant, body) in answers(R3) {
        let RefundQueryOutcome::Known(page, total) = reply::refund_query(&merchant, &order_id, RefundSubject::OfOrder(10), &body).unwrap()
        else {
            panic!("known to WeChat")
        };
        let told: Vec<_> = page.iter().map(|proof| (proof.refund_id().as_str(), proof.fee().get(), proof.state())).collect();
        assert_eq!(told, [("R20150806125346_11", 30, RefundState::Success), ("R20150806125346_12", 30, RefundState::Processing)]);
        assert_eq!((total, page[1].receiver()), (12, Some("招商银行信用卡0403")));
    }
}

/// The documents' sample messages: signed with a key that is not published.
const SAMPLE_NOTIFICATION: &str = "\
<xml>
  <appid><![CDATA[wx2421b1c4370ec43b]]></appid>
  <attach><![CDATA[支付测试]]></attach>
  <bank_type><![CDATA[CFT]]></bank_type>
  <fee_type><![CDATA[CNY]]></fee_type>
  <is_subscribe><![CDATA[Y]]></is_subscribe>
  <mch_id><![CDATA[10000100]]></mch_id>
  <nonce_str><![CDATA[5d2b6c2a8db53831f7eda20af46e531c]]></nonce_str>
  <openid><![CDATA[oUpF8uMEb4qRXf22hE3X68TekukE]]></openid>
  <out_trade_no><![CDATA[1409811653]]></out_trade_no>
  <result_code><![CDATA[SUCCESS]]></result_code>
  <return_code><![CDATA[SUCCESS]]></return_code>
  <sign><![CDATA[{sign}]]></sign>
  <time_end><![CDATA[20140903131540]]></time_end>
  <total_fee>1</total_fee>
  <coupon_fee><![CDATA[10]]></coupon_fee>
  <coupon_count><![CDATA[1]]></coupon_count>
  <coupon_type><![CDATA[CASH]]></coupon_type>
  <coupon_id><![CDATA[10000]]></coupon_id>
  <trade_type><![CDATA[JSAPI]]></trade_type>
  <transaction_id><![CDATA[1004400740201409030005092168]]></transaction_id>
</xml>";
const SAMPLE_CLOSED: &str = "\
return_code=SUCCESS
return_msg=OK
appid=wx2421b1c4370ec43b
mch_id=10000100
nonce_str=BFK89FC6rxKCOjLX
sign=72B321D92A7BFA0B2509F3D13C7B1631
result_code=SUCCESS
result_msg=OK";

#[test]
fn the_samples_of_the_documents_are_not_believed() {
    for sign_type in BOTH {
        let merchant = Merchant { appid: "wx2421b1c4370ec43b".to_owned(), ..merchant(sign_type) };
        for sign in ["B552ED6B279343CB493C5DD0D78AB241", "0CB01533B8C1EF103065174F50BCA001"] {
            let refused = read(&merchant, SAMPLE_NOTIFICATION.replace("{sign}", sign)).unwrap_err();
            assert_eq!(refused, NoticeError::Signature(SignatureError::Wrong));
        }
        let closed = xml::write(&fields(SAMPLE_CLOSED));
        let refused = reply::close_order(&merchant, &"1409811653".parse().unwrap(), closed.as_bytes()).unwrap_err();
        assert_eq!(refused, CallError::Unknown(Doubt::Signature(SignatureError::Wrong)));
        // It is nothing but the signature: with a right one the same messages are believed.
        let sample = xml::parse(SAMPLE_NOTIFICATION.as_bytes()).unwrap();
        let sign = merchant.signer.sign(&sample);
        assert_eq!(paid(&merchant, &SAMPLE_NOTIFICATION.replace("{sign}", &sign)).total_fee().get(), 1);
    }
}
