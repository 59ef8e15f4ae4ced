//! What a front end may write, and what it is told when it wrote something else. Whatever is refused leaves no row and
//! does not reach WeChat.

use serde_json::json;

use crate::support::http::Answer;
use crate::support::on_both_engines;
use crate::support::test_app::{TestApp, TestAppBuilder};

const QUERIES: [&str; 3] = ["/wxPay/queryOrder", "/wxPay/wxPay/queryOrder", "/wxPay/doCloseOrder"];
const FORM: &str = "application/x-www-form-urlencoded";

/// As curl and FormData write it.
const MULTIPART: &str = "--a b\r\nContent-Disposition: form-data; name=\"merchant_id\"\r\n\r\n12\r\n\
    --a b\r\nContent-Disposition: form-data; name=\"product_id\"\r\nContent-Type: text/plain\r\n\r\n34\r\n\
    --a b\r\nContent-Disposition: form-data; name=\"price\"\r\n\r\n19.90\r\n--a b--\r\n";

async fn to_pay_json(app: &TestApp, body: &str) -> Answer {
    app.till.post("/wxPay/toPay", "application/json", body.to_owned()).await
}

/// Prices as they stand in a JSON document, and what WeChat is to be asked for.
const GOOD_PRICES: [(&str, &str); 16] = [
    ("19.9", "1990"),
    ("19.90", "1990"),
    ("\"19.9\"", "1990"),
    ("\"19.90\"", "1990"),
    ("0.29", "29"),
    ("\"0.29\"", "29"),
    ("0.01", "1"),
    ("1", "100"),
    ("1.0", "100"),
    ("\"1\"", "100"),
    ("4.35", "435"),
    ("1.15", "115"),
    ("100000", "10000000"),
    ("100000.00", "10000000"),
    ("19.9000", "1990"),
    ("\"19.900\"", "1990"),
];

/// JSON values that are no price.
const BAD_PRICES: [&str; 48] = [
    "0",
    "0.00",
    "-0",
    "-1",
    "-0.01",
    "0.001",
    "0.009",
    "19.999",
    "19.9001",
    "19.9900001",
    "1e3",
    "1E3",
    "1e0",
    "0.1e1",
    "1000000000000",
    "100000.01",
    "99999999999999999999999999999999",
    "null",
    "true",
    "[19.9]",
    "[]",
    "{}",
    "{\"yuan\":1}",
    "\"\"",
    "\"NaN\"",
    "\"Infinity\"",
    "\"-1\"",
    "\"+1\"",
    "\"0\"",
    "\"1.\"",
    "\".5\"",
    "\"007\"",
    "\"00.50\"",
    "\"1e3\"",
    "\"0x10\"",
    "\" 19.90\"",
    "\"19.90 \"",
    "\"19.9\\n\"",
    "\"19.9\\u0000\"",
    "\"19,90\"",
    "\"1_000\"",
    "\"1'000\"",
    "\"１\"",
    "\"１９.９０\"",
    "\"¥1\"",
    "\"二十\"",
    "\"1; DROP TABLE deal\"",
    "\"]]><total_fee>1\"",
];

/// JSON values that are no merchant_id or product_id.
const BAD_NUMBERS: [&str; 26] = [
    "0",
    "-1",
    "1.0",
    "1.5",
    "1e3",
    "2147483648",
    "9223372036854775808",
    "99999999999999999999999",
    "null",
    "true",
    "[1]",
    "{}",
    "\"\"",
    "\"0\"",
    "\"01\"",
    "\"007\"",
    "\" 1\"",
    "\"1 \"",
    "\"+1\"",
    "\"-1\"",
    "\"1.0\"",
    "\"１２\"",
    "\"abc\"",
    "\"]]><total_fee>1\"",
    "\"1' OR '1'='1\"",
    "\"1\\u0000\"",
];

/// JSON values that are no order_id. (The number 0 equals every text in MySQL.)
const BAD_ORDER_IDS: [&str; 25] = [
    "0",
    "1",
    "20200429161623408880000000000000",
    "1.5",
    "null",
    "true",
    "[]",
    "[\"1\"]",
    "{}",
    "{\"$ne\":\"\"}",
    "\"\"",
    "\" \"",
    "\"a b\"",
    "\"1 \"",
    "\"1' OR '1'='1\"",
    "\"1'; DROP TABLE deal; --\"",
    "\"%\"",
    "\"a.b\"",
    "\"../../etc/passwd\"",
    "\"订单\"",
    "\"１２３\"",
    "\"😀\"",
    "\"x\\nINFO paid\"",
    "\"\\u001b[31m\"",
    "\"1234567890123456789012345678901234567890123456\"",
];

on_both_engines! {
    async fn a_price_is_read_by_its_text_and_exactly(engine) {
        let app = TestApp::open(engine).await;
        let look = app.look().await;
        for (price, fen) in GOOD_PRICES {
            let answer = to_pay_json(&app, &format!("{{\"merchant_id\":12,\"product_id\":\"34\",\"price\":{price}}}")).await;
            assert_eq!(answer.status, 200, "{price}: {}", answer.body);
            let order_id = answer.json()["order_id"].as_str().unwrap().to_owned();
            assert_eq!(look.value(&order_id, "total_fee").await.as_deref(), Some(fen), "{price}");
            assert_eq!(app.wechat().order(&order_id).unwrap().total_fee.get().to_string(), fen, "{price}: what WeChat was asked for");
        }
    }

    async fn what_is_no_price_opens_nothing(engine) {
        let app = TestApp::open(engine).await;
        let look = app.look().await;
        for price in BAD_PRICES {
            let answer = to_pay_json(&app, &format!("{{\"merchant_id\":12,\"product_id\":34,\"price\":{price}}}")).await;
            answer.refused(400, "INVALID_PARAMETER", Some("price"), price);
        }
        for price in BAD_PRICES.iter().filter_map(|price| price.strip_prefix('"')?.strip_suffix('"')).filter(|price| !price.contains('\\')) {
            let form: String = form_urlencoded::Serializer::new(String::new())
                .extend_pairs([("merchant_id", "12"), ("product_id", "34"), ("price", price)]).finish();
            app.till.post("/wxPay/toPay", FORM, form).await.refused(400, "INVALID_PARAMETER", Some("price"), price);
        }
        assert_eq!((look.count().await, app.all_calls()), (0, 0));
    }

    async fn what_is_no_merchant_or_product_opens_nothing(engine) {
        let app = TestApp::open(engine).await;
        let look = app.look().await;
        for number in BAD_NUMBERS {
            let answer = to_pay_json(&app, &format!("{{\"merchant_id\":{number},\"product_id\":34,\"price\":1}}")).await;
            answer.refused(400, "INVALID_PARAMETER", Some("merchant_id"), number);
            let answer = to_pay_json(&app, &format!("{{\"merchant_id\":12,\"product_id\":{number},\"price\":1}}")).await;
            answer.refused(400, "INVALID_PARAMETER", Some("product_id"), number);
        }
        for missing in ["merchant_id", "product_id", "price"] {
            let mut body = json!({"merchant_id": 12, "product_id": 34, "price": 1});
            body.as_object_mut().unwrap().remove(missing);
            app.till.post_json("/wxPay/toPay", &body).await.refused(400, "INVALID_PARAMETER", Some(missing), "missing");
        }
        assert_eq!((look.count().await, app.all_calls()), (0, 0));

        for number in ["1", "\"1\"", "2147483647", "\"2147483647\""] {
            let answer = to_pay_json(&app, &format!("{{\"merchant_id\":{number},\"product_id\":{number},\"price\":1}}")).await;
            let order_id = answer.json()["order_id"].as_str().unwrap_or_else(|| panic!("{number}: {}", answer.body)).to_owned();
            let stored = (look.value(&order_id, "merchant_id").await.unwrap(), look.value(&order_id, "product_id").await.unwrap());
            assert_eq!(stored, (number.trim_matches('"').to_owned(), number.trim_matches('"').to_owned()));
        }
    }

    async fn an_order_id_is_a_string_of_known_letters(engine) {
        let app = TestApp::open(engine).await;
        app.to_pay("19.90").await;
        app.time_passes(300);
        let look = app.look().await;
        let (stored, asked) = (look.everything().await, app.all_calls());
        for path in QUERIES {
            for order_id in BAD_ORDER_IDS {
                let answer = app.till.post(path, "application/json", format!("{{\"order_id\":{order_id}}}")).await;
                answer.refused(400, "INVALID_PARAMETER", Some("order_id"), &format!("{path} {order_id}"));
            }
            app.till.post_json(path, &json!({})).await.refused(400, "INVALID_PARAMETER", Some("order_id"), path);
            for unknown in ["7777", "20260401120000123456789012345678", "a_B-c|d*e@f", &"9".repeat(45)] {
                let answer = app.till.post_json(path, &json!({"order_id": unknown})).await;
                answer.refused(404, "ORDER_NOT_FOUND", None, unknown);
                assert!(!answer.body.contains(unknown), "no echo");
            }
        }
        assert_eq!((look.everything().await, app.all_calls()), (stored, asked));
    }

    async fn forms_and_documents_say_the_same(engine) {
        let app = TestApp::open(engine).await;
        let bodies = [
            ("application/json", r#"{"merchant_id":12,"product_id":34,"price":19.90}"#),
            ("application/json; charset=utf-8", r#" {"merchant_id" : "12", "product_id":"34", "price":"19.90"} "#),
            ("Application/JSON;charset=UTF-8", r#"{"price":"19.9","unknown":{"deep":[1,{"price":5}]},"merchant_id":12,"product_id":34}"#),
            ("application/json", "\u{feff}{\"merchant_id\":12,\"product_id\":34,\"price\":19.90}"),
            (FORM, "merchant_id=12&product_id=34&price=19.90"),
            ("multipart/form-data; boundary=\"a b\"", MULTIPART),
            ("application/x-www-form-urlencoded; charset=UTF-8", "price=19%2E9&merchant_id=%31%32&product_id=34&unknown=1&"),
            (FORM, "merchant_id=12&product_id=34&price=19.90&body=%BA%EC%B2%E8"),
        ];
        for (content_type, body) in bodies {
            let answer = app.till.post("/wxPay/toPay?price=0.01&merchant_id=1", content_type, body).await;
            assert_eq!(answer.status, 200, "{content_type}: {}", answer.body);
            let order_id = answer.json()["order_id"].as_str().unwrap().to_owned();
            let look = app.look().await;
            let stored = [look.value(&order_id, "merchant_id").await, look.value(&order_id, "product_id").await, look.value(&order_id, "total_fee").await];
            assert_eq!(stored, ["12", "34", "1990"].map(|value| Some(value.to_owned())), "{content_type}");
            for path in ["/wxPay/queryOrder", "/wxPay/wxPay/queryOrder"] {
                assert_eq!(app.till.post(path, FORM, format!("order_id={order_id}")).await.json()["trade_state"], "NOTPAY");
                assert_eq!(app.till.post_json(path, &json!({"order_id": order_id, "extra": 1})).await.json()["trade_state"], "NOTPAY");
            }
        }
    }

    async fn a_body_that_can_be_read_in_two_ways_is_not_read(engine) {
        let app = TestApp::open(engine).await;
        let look = app.look().await;
        let documents = [
            r#"{"merchant_id":12,"product_id":34,"price":1,"price":2}"#,
            r#"{"merchant_id":12,"product_id":34,"price":1,"price":1}"#,
            r#"{"merchant_id":12,"product_id":34,"price":1,"\u0070rice":2}"#,
            r#"{"merchant_id":12,"product_id":34,"price":1,"note":1,"note":2}"#,
            r#"{"merchant_id":12,"product_id":34,"price":007}"#,
            r#"{"merchant_id":12,"product_id":34,"price":1.}"#,
            r#"{"merchant_id":12,"product_id":34,"price":.5}"#,
            r#"{"merchant_id":12,"product_id":34,"price":+1}"#,
            r#"{"merchant_id":12,"product_id":34,"price":NaN}"#,
            r#"{"merchant_id":12,"product_id":34,"price":１}"#,
            r#"{"merchant_id":12,"product_id":34,"price":1,}"#,
            r#"{"merchant_id":12,"product_id":34,"price":1} {"price":2}"#,
            r#"{"merchant_id":12,"product_id":34,"price":1"#,
            r#"{'merchant_id':12,'product_id':34,'price':1}"#,
            r#"[{"merchant_id":12,"product_id":34,"price":1}]"#,
            "merchant_id=12&product_id=34&price=1", "null", "\"price\"", "1", "[]", "", " ", "\u{feff}\u{feff}{}", "<xml><price>1</price></xml>",
        ];
        for body in documents {
            to_pay_json(&app, body).await.refused(400, "INVALID_PARAMETER", None, body);
        }
        let latin = [br#"{"merchant_id":12,"product_id":34,"price":1,"note":""#.as_slice(), &[0xe9], b"\"}"].concat();
        app.till.post("/wxPay/toPay", "application/json", latin).await.refused(400, "INVALID_PARAMETER", None, "not UTF-8");
        let deep = format!("{{\"price\":{}1{}}}", "[".repeat(20_000), "]".repeat(20_000));
        assert_eq!(to_pay_json(&app, &deep).await.status, 400);

        for body in ["merchant_id=12&product_id=34&price=1&price=2", "merchant_id=12&product_id=34&price=1&%70rice=1", "note=1&note=1"] {
            app.till.post("/wxPay/toPay", FORM, body).await.refused(400, "INVALID_PARAMETER", None, body);
        }
        for (field, form) in [
            ("description", b"merchant_id=12&product_id=34&price=1&description=%BA%EC%B2%E8".as_slice()),
            ("description", b"merchant_id=12&product_id=34&price=1&description=\xba\xec\xb2\xe8"),
            ("reference", b"merchant_id=12&product_id=34&price=1&reference=%ff"),
            ("price", b"merchant_id=12&product_id=34&price=%ff"),
        ] {
            let told = app.till.post("/wxPay/toPay", FORM, form).await.refused(400, "INVALID_PARAMETER", Some(field), "a form in GBK");
            assert_eq!(told["detail"], "the form must be in UTF-8");
        }
        for document in [r#"{"merchant_id":12,"product_id":34,"price":1}"#, "\r\n [{}]"] {
            for content_type in [FORM, "multipart/form-data; boundary=x"] {
                let refused = app.till.post("/wxPay/toPay", content_type, document).await;
                let told = refused.refused(400, "INVALID_PARAMETER", None, "a document called a form");
                assert!(told["detail"].as_str().unwrap().contains("the body is JSON"), "{told}");
            }
        }
        for (content_type, body) in [
            ("multipart/form-data", MULTIPART.to_owned()),
            ("multipart/form-data; boundary=x", MULTIPART.to_owned()),
            ("multipart/form-data; boundary=\"a b\"", MULTIPART.replace("product_id", "price")),
            ("multipart/form-data; boundary=\"a b\"", MULTIPART.replace("name=\"price\"", "name=\"price\"; filename=\"price.txt\"")),
            ("multipart/form-data; boundary=\"a b\"", MULTIPART.replace("--a b--", "")),
        ] {
            app.till.post("/wxPay/toPay", content_type, body.clone()).await.refused(400, "INVALID_PARAMETER", None, &body);
        }
        assert_eq!((look.count().await, app.all_calls()), (0, 0));
    }

    async fn other_types_and_sizes_are_refused_unread(engine) {
        let app = TestApp::open(engine).await;
        let look = app.look().await;
        let document = r#"{"merchant_id":12,"product_id":34,"price":1,"order_id":"1"}"#;
        for path in ["/wxPay/toPay"].into_iter().chain(QUERIES) {
            for content_type in ["text/plain", "text/json", "application/xml", "application/jsonp", "multipart/mixed; boundary=x", "json", ""] {
                let answer = app.till.post(path, content_type, document).await;
                answer.refused(415, "INVALID_PARAMETER", None, content_type);
            }
            let untyped = app.till.send(app.till.request("POST", path).body(document)).await;
            untyped.refused(415, "INVALID_PARAMETER", None, "no content type");
            for encoding in ["gzip", "br", "deflate", "zstd"] {
                let request = app.till.request("POST", path).header("content-type", "application/json").header("content-encoding", encoding);
                app.till.send(request.body(document)).await.refused(415, "INVALID_PARAMETER", None, encoding);
            }
            let large = format!("{{\"merchant_id\":12,\"product_id\":34,\"price\":1,\"order_id\":\"1\",\"note\":\"{}\"}}", "x".repeat(65_536));
            app.till.post(path, "application/json", large).await.refused(413, "INVALID_PARAMETER", None, path);
        }
        assert_eq!((look.count().await, app.all_calls()), (0, 0));

        let frame = r#"{"merchant_id":12,"product_id":34,"price":1,"note":""}"#;
        let full = frame.replace("\"\"", &format!("\"{}\"", "x".repeat(65_536 - frame.len())));
        assert_eq!(full.len(), 65_536);
        assert_eq!(to_pay_json(&app, &full).await.json()["code"], 0, "64 KiB are allowed");
    }

    async fn a_lower_limit_of_the_price_holds(engine) {
        let app = TestAppBuilder::new(engine).await.set("DEAL__MAX_PRICE", "50.00").open().await;
        app.try_to_pay("50.01").await.refused(400, "INVALID_PARAMETER", Some("price"), "50.01");
        assert_eq!((app.look().await.count().await, app.all_calls()), (0, 0));
        app.to_pay("50.00").await;
    }

    async fn an_answer_has_the_words_of_the_contract_and_no_others(engine) {
        let app = TestApp::open(engine).await;
        let words = |answer: &Answer| {
            let mut words: Vec<_> = answer.json().as_object().unwrap().keys().cloned().collect();
            words.sort();
            words.join(" ")
        };
        let opened = app.try_to_pay("19.90").await;
        assert_eq!(words(&opened), "code code_url expires_at msg order_id pay_page server_time");
        let json = opened.json();
        assert_eq!((json["msg"].as_str(), json["code_url"].as_array().map(Vec::len)), (Some(""), Some(1)));
        assert_eq!((json["server_time"].as_str(), json["expires_at"].as_str()), (Some("2026-04-01T12:00:00+08:00"), Some("2026-04-01T14:00:00+08:00")));
        let order_id = json["order_id"].as_str().unwrap();
        assert!(order_id.len() == 32 && order_id.starts_with("20260401120000") && order_id.bytes().all(|b| b.is_ascii_digit()), "{order_id}");

        let queried = app.query(order_id).await;
        assert_eq!(words(&queried), "code expires_at msg server_time trade_state trade_state_desc");
        app.time_passes(300);
        let closed = app.close(order_id).await;
        assert_eq!(words(&closed), "code msg");
        for answer in [&opened, &queried, &closed] {
            assert_eq!(answer.header("content-type"), Some("application/json"));
            assert!(answer.header("x-request-id").is_some());
        }
    }
}
