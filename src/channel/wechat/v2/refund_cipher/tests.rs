//! Vectors that OpenSSL and Python's `cryptography` have computed alike, and messages that are none.

use super::*;
use crate::channel::wechat::v2::sign::SignType;
use crate::channel::wechat::v2::testing::signer;

/// A refund that arrived.
const SUCCESS: &str = "\
<root>
<out_refund_no><![CDATA[R20150806125346]]></out_refund_no>
<out_trade_no><![CDATA[20150806125346]]></out_trade_no>
<refund_account><![CDATA[REFUND_SOURCE_RECHARGE_FUNDS]]></refund_account>
<refund_fee><![CDATA[88]]></refund_fee>
<refund_id><![CDATA[50000408942018111907145868882]]></refund_id>
<refund_recv_accout><![CDATA[支付用户零钱]]></refund_recv_accout>
<refund_request_source><![CDATA[API]]></refund_request_source>
<refund_status><![CDATA[SUCCESS]]></refund_status>
<settlement_refund_fee><![CDATA[88]]></settlement_refund_fee>
<settlement_total_fee><![CDATA[88]]></settlement_total_fee>
<success_time><![CDATA[2018-11-19 16:24:13]]></success_time>
<total_fee><![CDATA[88]]></total_fee>
<transaction_id><![CDATA[1004400740201409030005092168]]></transaction_id>
</root>";
const SUCCESS_INFO: &str = "\
4gS8kbcHysCW7bHqyEU0M9umdFVGKPOUBs+y0jA3BljTK6weLU0wD0Fw9c+Sb6PfxyIJDKwsKMcMuxrZm5SNh4S5hTLaZEZqBm36jrcCapqm5YnjOirvJHms\
q0ZlXGHtHrzFZXTjs+fBrcTQ4pHdE3WXubrLWCFzAXwPJXUMmscrDEZ4L7lGI/2h+wZ68f75rudVhA+oplfx3BslIoTdOdv9xGRrAeHEz8zidKK6gVr9jTCQ\
ig5hHWKGG8CUJIqrXb88Q7eWccqd7VMTOdKZRhMNRJgLjnYd0+qvUwEgKGvCHqagEGv48WICiQcdf3/wG8w/ftSDkiAH+6/vLpQdLTHwGsxqpsLGvi9jMI9H\
c8qohuptBJjMrRq3kPXyKUnlSjmEfWiu25J2trpZomPKfwqDivi0WvkaI+V+RJwd1KEfSKby7bWt95AwHowsxfkdweKkjClRiC7Ai+GoSUanTwMbpHxFmGi3\
9z0vaMBvM4tjpvHKVTvS6aPePsSdzhkoPzW1WawXCebA09h/A1ukhxS67h6D/yO+BottyQEALMoLpRJEPoddhilc4hAYrfWf+CFOk7Siyqb+yyAN1wzFGEvH\
sN1Eha5L6GTG2Jz3xyTeakaK726IGU1OhiSDhHSLXgc89mcpyEQn2BO1MpzdaJh5PJSnH78eNH6D2SwQdgfPbQ/b1WFDgcX2O/ZTDCwLI1xYRFzeekKU4zf+\
d/WLOoxfV8qQ3zr2JEpfyDyr5CVQuy+ayvXaxU5Io7wduAFOi5DtJmJcxB4Xh9MdwMw9bPCIqXc4uoaODM8mUEDZD5WDWz6pgrNpjAsJ/u7jYag9QLniBLt7\
z9mswKUp4Dbo+PQF4N1hEgNT1RHYHPXda1TCp2dRMBEJMNmFLvFTwlQjwMcUagvExaart4CsYXgDEsj06Edtgk8ayB3Ol7+1SmogTuMJah7bkKcJsa1xfpEc\
clZdn047KZ7dkAJ/AOtb/70eJHP6HnsMDaTGQz6NRxKqBBftZdJaZrs4fE4RB8mSWtqrGsDobboeIJjbrn5uMdQ04vPBZDA/w58/z363rww=";

/// A refund that WeChat gave up: without `success_time`, to a card with a Chinese name.
const CLOSED: &str = "\
<root>
<cash_refund_fee><![CDATA[30]]></cash_refund_fee>
<out_refund_no><![CDATA[R20150806125346_2]]></out_refund_no>
<out_trade_no><![CDATA[20150806125346]]></out_trade_no>
<refund_account><![CDATA[REFUND_SOURCE_RECHARGE_FUNDS]]></refund_account>
<refund_fee><![CDATA[30]]></refund_fee>
<refund_id><![CDATA[50303108562024011601487282564]]></refund_id>
<refund_recv_accout><![CDATA[招商银行信用卡0403]]></refund_recv_accout>
<refund_request_source><![CDATA[API]]></refund_request_source>
<refund_status><![CDATA[REFUNDCLOSE]]></refund_status>
<settlement_refund_fee><![CDATA[30]]></settlement_refund_fee>
<settlement_total_fee><![CDATA[88]]></settlement_total_fee>
<total_fee><![CDATA[88]]></total_fee>
<transaction_id><![CDATA[1004400740201409030005092168]]></transaction_id>
</root>";
const CLOSED_INFO: &str = "\
XsRm4/SHNJ3OHGnIhZNlIXzclJ9PUmK8v5LA1IWB/Cq7NHw9i0+LlwclzABZsDijiIa+83HNZ+erbyTCgoOLGJ9lYKMjiHjaGhuWaqWVGjzNOkXPm0YXEQgW\
k1ljPa4HT7HO/Zge9Ex7agrOGS8hGE5VVjwcM9XA1pqykifAV1WiU3H2ePaR5aFmDMoil+YALZghBRVlogT85ZxpCqlXcIfe4ibKFPiTlsbYjKQttiM97Fs1\
zZeFWOQRbpmt0USXv1SVI0MN7mVOlWZOm53CmckyUyRjFP/EIwRSxqXoTgjIssHRq2VICY9Hn6oN+cY4y7sXZ0K8wvN2ES4LXj2YjpvN5ljpgIMnYjDGgYY0\
lSasrB8H3TJQ6AUZm6j91ptCbYsisODpNyiHV1qjs1k9b0HJO/jvuPPltre+pm2qE4t41m15VFLxcZjq5OBcvkPKGl6GYslGprawxNEg0QiSB5EEGJLUzZKG\
Ic30xc5DXW8afJ4CblkhQ8mlCjkgrb30V5soxZLGtdV/zNmW+SVrn42xcU3BS2mViqAOdX8E4wovgQILY1TjBhpG0p/K/XIHGI+R1yzq7ZOJN6VGyTVrVlI/\
DXAy8KjpF8ibwuZlPdt+RH+cf5/sf86KeTPE92eNUvkVYOIpie5O94DL2AdAOqk536YX/dQ+yd2McPLw+jkXRBrd2pn5mZlcSF8tVINEjtfGQgy3GVJMlKk7\
u2sPAKqGb5soS1NBPJK3jfYKm9kgAzic10AxRBJwCj0RGVTcKU7si8a5Pp0k2KQ5zeyqI77gHckdq54RI5fgYGFUdryMcoPy+VCi7sN49J9UdVQyAE/i48Sx\
k0kTr0oP61AORp4Ujn7iXfi4YOSmhvYL/vKghQdqF2uvl9owxG2WBMLSc7uprsqrDxHyPJIcWVz8nzw9ijAJ1bqdzpqug/t1zUilfSM06ppZnz5WAgvjdVdz\
s7Nz9BgA7y9RvTLoTxPLOy43cwo5bZdghxHlas02RiaaPh1+OV6JuAzpwVcu4f9n/VtvkCN8+0oQ7slbq5uYxtmhNdaIrTsJD9yzEq2J8dQ=";

fn cipher() -> RefundCipher {
    RefundCipher::new(&signer(SignType::Md5))
}

#[test]
fn every_vector_is_written_and_read() {
    for (plain, req_info) in [
        ("<root><a>1</a></root>", "KLXHweJYll5Krv4t/KU2x9Q04vPBZDA/w58/z363rww="),
        // A whole block of padding.
        ("<root><a>xxxxxxxxxxxx</a></root>", "41eIZ4JZEgrNU1wSBNsZ37Kxtf9sxiWGuphDubckzMj8FwHdn1b8mVD7gqiUcnLp"),
        (SUCCESS, SUCCESS_INFO),
        (CLOSED, CLOSED_INFO),
    ] {
        assert_eq!(cipher().encrypt(plain), req_info);
        assert_eq!(cipher().decrypt(req_info).as_deref(), Some(plain));
    }
    // The 32 characters are the AES key itself in this one.
    let of_php = RefundCipher::of_key(b"0123456789abcdef0123456789abcdef");
    assert_eq!(of_php.encrypt("hello"), "pZwJZBLuy3mDACEQT4YTBw==");
}

#[test]
fn the_key_is_that_of_the_merchant_whatever_it_signs_by() {
    assert_eq!(&signer(SignType::Md5).refund_key(), b"d96eb16afdd491fa1e705096edbc2205");
    assert_eq!(RefundCipher::new(&signer(SignType::HmacSha256)).decrypt(SUCCESS_INFO).as_deref(), Some(SUCCESS));
}

#[test]
fn what_is_not_of_this_key_is_nothing() {
    let other = RefundCipher::of_key(b"0123456789abcdef0123456789abcdef");
    assert_eq!(other.decrypt(SUCCESS_INFO), None);
    let cut = &SUCCESS_INFO[..SUCCESS_INFO.len() - 24];
    for req_info in ["", "=", "<a>", "KLXHweJYll5Krv4t", "KLXHweJYll5Krv4t/KU2xw==", cut] {
        assert_eq!(cipher().decrypt(req_info), None, "{req_info}");
    }
}

/// No key is needed for it, so what decrypts proves nothing.
#[test]
fn blocks_of_two_messages_make_a_third() {
    let message = |fee: &str| cipher().encrypt(&format!("<root><no>R0001</no><fee>{fee}</fee><x></x></root>"));
    let [mut spliced, other] = ["30", "58"].map(|fee| BASE64_STANDARD.decode(message(fee)).unwrap());
    spliced[BLOCK..2 * BLOCK].copy_from_slice(&other[BLOCK..2 * BLOCK]);
    let read = cipher().decrypt(&BASE64_STANDARD.encode(spliced)).unwrap();
    assert_eq!(read, "<root><no>R0001</no><fee>58</fee><x></x></root>");
}
