use super::*;
use crate::channel::wechat::v2::reply;

mod unified_order {
    use super::*;

    fn native(merchant: &Merchant, order_id: &OrderId, body: &[u8]) -> Result<OpenedOrder, CallError> {
        reply::unified_order(merchant, order_id, TradeType::Native, body)
    }

    #[test]
    fn gives_the_link_and_the_answer_itself() {
        let merchant = merchant(SignType::HmacSha256);
        let body = message(&merchant.signer, PREPAID);
        let opened = native(&merchant, &order_id(), &body).unwrap();
        assert_eq!(opened.ticket, Ticket::Qr("weixin://wxpay/bizpayurl?pr=4v3fQYUz3".to_owned()));
        assert_eq!(opened.evidence.xml().as_bytes(), body);
        assert!(!format!("{opened:?}").contains("IITRi8Iabbblz1Jc"), "evidence is not for logs");
    }

    #[test]
    fn takes_whatever_link_fits_the_column_and_a_qr_code() {
        let of_length = |length: usize| format!("{:x<length$}", "weixin://wxpay/bizpayurl?pr=");
        for code_url in [
            "weixin://wxpay/bizpayurl?pr=4v3fQYUz3",
            "weixin://wxpay/bizpayurl?pr=NwY5Mz9",
            "weixin://wxpay/bizpayurl/up?pr=NwY5Mz9&groupid=00",
            &of_length(256),
        ] {
            let ticket = asked(native, &with(PREPAID, "code_url", code_url)).unwrap().ticket;
            assert_eq!((&ticket, looks_as_ever(&ticket)), (&Ticket::Qr(code_url.to_owned()), true));
        }
        for code_url in [
            "weixin://wxpay/s/XXXXXX",
            "weixin://wxpay/bizpayurl",
            "weixin://wxpay/bizpayurlx?pr=4v3fQYUz3",
            "weixin://wxpay.example.com/bizpayurl?pr=4v3fQYUz3",
            "WEIXIN://wxpay/bizpayurl?pr=4v3fQYUz3",
            "https://wx.tenpay.com/t/4v3fQYUz3",
            "4v3fQYUz3",
        ] {
            let ticket = asked(native, &with(PREPAID, "code_url", code_url)).unwrap().ticket;
            assert_eq!((&ticket, looks_as_ever(&ticket)), (&Ticket::Qr(code_url.to_owned()), false));
        }
        for code_url in [
            "",
            " weixin://wxpay/bizpayurl?pr=4v3fQYUz3",
            "weixin://wxpay/bizpayurl?pr=4v3fQYUz3 ",
            "weixin://wxpay/bizpayurl?pr=4v3\tfQYUz3",
            "weixin://wxpay/bizpayurl?pr=\u{7f}",
            "weixin://wxpay/bizpayurl?pr=微",
            &of_length(257),
            &of_length(5 * 1024),
        ] {
            let refused = asked(native, &with(PREPAID, "code_url", code_url)).unwrap_err();
            assert_eq!(refused, unknown(Doubt::Incomplete("code_url")), "{code_url}");
        }
        let refused = asked(native, &without(PREPAID, "code_url")).unwrap_err();
        assert_eq!(refused, unknown(Doubt::Incomplete("code_url")));
    }

    #[test]
    fn gives_what_each_way_is_paid_with() {
        let link = "https://wx.tenpay.com/cgi-bin/mmpayweb-bin/checkmweb?prepay_id=wx30165715577881d4d4de0c5d2282184633&package=1405458241";
        let prepay_id = || Ticket::Prepay("wx30165715577881d4d4de0c5d2282184633".to_owned());
        let answer = |word: &str| with(&without(PREPAID, "code_url"), "trade_type", word);
        for (trade_type, lines, expected) in [
            (TradeType::Jsapi, answer("JSAPI"), prepay_id()),
            (TradeType::App, answer("APP"), prepay_id()),
            (TradeType::Mweb, with(&answer("MWEB"), "mweb_url", link), Ticket::H5(link.to_owned())),
        ] {
            let asked = |lines: &str| asked(|merchant, order_id, body| reply::unified_order(merchant, order_id, trade_type, body), lines);
            assert_eq!(asked(&lines).unwrap().ticket, expected);
            assert_eq!(asked(&without(&lines, "trade_type")).unwrap().ticket, expected, "it need not be said");
            let refused = asked(&with(&lines, "trade_type", "NATIVE")).unwrap_err();
            assert_eq!(refused, unknown(Doubt::Foreign("trade_type")), "an order keeps its way");
        }
        let jsapi = |merchant: &Merchant, order_id: &OrderId, body: &[u8]| reply::unified_order(merchant, order_id, TradeType::Jsapi, body);
        for prepay_id in ["", "wx 3", "微", &"x".repeat(65)] {
            let refused = asked(jsapi, &with(&answer("JSAPI"), "prepay_id", prepay_id)).unwrap_err();
            assert_eq!(refused, unknown(Doubt::Incomplete("prepay_id")), "{prepay_id}");
        }
        for (err_code, description) in [("NOAUTH", "商户无此接口权限"), ("PARAM_ERROR", "appid与openid不匹配")] {
            let Err(CallError::Refused(refusal)) = asked(jsapi, &no(err_code, description)) else { panic!("a refusal") };
            assert_eq!(refusal.to_string(), format!("{err_code}: {description}"));
        }
    }

    #[test]
    fn takes_an_h5_order_without_its_link_for_a_refusal() {
        let mweb = |merchant: &Merchant, order_id: &OrderId, body: &[u8]| reply::unified_order(merchant, order_id, TradeType::Mweb, body);
        let lines = with(&without(PREPAID, "code_url"), "trade_type", "MWEB");
        let Err(CallError::Refused(refusal)) = asked(mweb, &lines) else { panic!("WeChat has given no permission") };
        assert!(refusal.err_code.is_none() && refusal.description.contains("mweb_url"), "{refusal}");
        for mweb_url in [" https://wx.tenpay.com/", "https://wx.tenpay.com/\u{7f}", &"x".repeat(1025)] {
            let refused = asked(mweb, &with(&lines, "mweb_url", mweb_url)).unwrap_err();
            assert_eq!(refused, unknown(Doubt::Incomplete("mweb_url")), "{mweb_url}");
        }
    }

    #[test]
    fn says_no_to_orders_that_are_paid_or_closed() {
        for (err_code, description) in [("ORDERPAID", "该订单已支付"), ("ORDERCLOSED", "该订单已关闭"), ("ORDERNOTEXIST", "?")]
        {
            let refused = asked(native, &no(err_code, description)).unwrap_err();
            let CallError::Refused(refusal) = refused else { panic!("not a refusal: {refused}") };
            assert!(refusal.is(err_code));
            assert_eq!(refusal.to_string(), format!("{err_code}: {description}"));
        }
    }
}

mod order_query {
    use super::*;

    fn known(lines: &str) -> Trade {
        match asked(reply::order_query, lines).unwrap() {
            QueryOutcome::Known(trade) => trade,
            QueryOutcome::NotExist => panic!("known to WeChat"),
        }
    }

    #[test]
    fn proves_a_payment_with_its_total_and_keeps_the_answer() {
        let trade = known(PAID);
        let paid = trade.paid.unwrap();
        assert_eq!((trade.state, trade.description.as_str()), (TradeState::Success, "支付成功"));
        assert_eq!(*paid.order_id(), order_id());
        assert_eq!(paid.transaction_id(), "1004400740201409030005092168");
        assert_eq!(paid.total_fee(), Fen::new(88).unwrap());
        assert!(paid.is_cny());
        assert_eq!(paid.time_end(), Some("2014-09-03T05:15:40Z".parse().unwrap()));
        assert_eq!(paid.source(), Source::Query);
        assert_eq!(paid.evidence(), &trade.evidence);
        assert_eq!(trade.evidence.xml().as_bytes(), message(&merchant(SignType::Md5).signer, PAID));
    }

    #[test]
    fn tells_every_state_by_its_word() {
        use TradeState::*;
        for (word, state, is_paid, is_dead) in [
            ("SUCCESS", Success, true, false),
            ("REFUND", Refund, true, false),
            ("NOTPAY", NotPay, false, false),
            ("USERPAYING", UserPaying, false, false),
            ("PAYERROR", PayError, false, false),
            ("ACCEPT", Accept, false, false),
            ("CLOSED", Closed, false, true),
            ("REVOKED", Revoked, false, true),
        ] {
            let lines = if is_paid { PAID } else { NOT_PAID };
            let trade = known(&with(&with(lines, "trade_state", word), "trade_state_desc", "说明"));
            assert_eq!((trade.state, trade.state.as_str(), trade.description.as_str()), (state, word, "说明"));
            assert_eq!((state.is_paid(), state.is_dead(), trade.paid.is_some()), (is_paid, is_dead, is_paid), "{word}");
        }
    }

    #[test]
    fn never_makes_proof_of_an_order_that_is_not_paid() {
        for word in ["NOTPAY", "USERPAYING", "PAYERROR", "ACCEPT", "CLOSED", "REVOKED"] {
            let trade = known(&with(PAID, "trade_state", word));
            assert!(trade.paid.is_none(), "{word} with all the fields of a payment");
        }
    }

    #[test]
    fn describes_a_state_that_wechat_did_not_describe() {
        for lines in [without(NOT_PAID, "trade_state_desc"), with(NOT_PAID, "trade_state_desc", "")] {
            assert_eq!(known(&lines).description, "订单未支付");
        }
    }

    #[test]
    fn knows_a_closed_order_with_an_empty_attach() {
        let closed = with(&with(NOT_PAID, "trade_state", "CLOSED"), "attach", "");
        assert_eq!(known(&closed).state, TradeState::Closed);
    }

    #[test]
    fn concludes_nothing_from_a_word_that_nobody_knows() {
        for word in ["", "success", "PAID", "SUCCESS ", "NOTPAY|SUCCESS", "已支付"] {
            let refused = asked(reply::order_query, &with(PAID, "trade_state", word)).unwrap_err();
            assert_eq!(refused, unknown(Doubt::Incomplete("trade_state")), "{word}");
        }
        let refused = asked(reply::order_query, &without(PAID, "trade_state")).unwrap_err();
        assert_eq!(refused, unknown(Doubt::Incomplete("trade_state")));
    }

    #[test]
    fn proves_nothing_without_number_total_and_order() {
        for word in ["SUCCESS", "REFUND"] {
            let paid = with(PAID, "trade_state", word);
            for field in ["out_trade_no", "total_fee", "transaction_id"] {
                for lines in [without(&paid, field), with(&paid, field, ""), with(&paid, field, "１ ")] {
                    let refused = asked(reply::order_query, &lines).unwrap_err();
                    assert_eq!(refused, unknown(Doubt::Incomplete(field)), "{word}");
                }
            }
            for field in ["time_end", "fee_type", "cash_fee", "openid", "bank_type", "trade_type"] {
                assert!(known(&without(&paid, field)).paid.is_some(), "{word} without {field}");
            }
        }
        let refused = asked(reply::order_query, &without(NOT_PAID, "out_trade_no")).unwrap_err();
        assert_eq!(refused, unknown(Doubt::Incomplete("out_trade_no")));
    }

    #[test]
    fn tells_an_order_that_wechat_does_not_know() {
        for description in ["order not exist", "此交易订单号不存在"] {
            let answer = asked(reply::order_query, &no("ORDERNOTEXIST", description)).unwrap();
            assert!(matches!(answer, QueryOutcome::NotExist));
        }
    }
}

mod close_order {
    use super::*;

    #[test]
    fn succeeds_with_and_without_result_msg_and_sub_mch_id() {
        for lines in [
            CLOSED,
            &without(CLOSED, "sub_mch_id"),
            &with(CLOSED, "result_msg", "OK"),
            &with(CLOSED, "result_msg", ""),
            &with(CLOSED, "result_msg", "anything"),
            &with(CLOSED, "out_trade_no", ORDER_ID),
        ] {
            assert_eq!(asked(reply::close_order, lines), Ok(CloseOutcome::Closed), "{lines}");
        }
    }

    #[test]
    fn tells_closed_paid_and_unknown_orders_apart() {
        for (err_code, description, answer) in [
            ("ORDERCLOSED", "order closed", CloseOutcome::Closed),
            ("ORDERPAID", "order paid", CloseOutcome::Paid),
            ("ORDERNOTEXIST", "order not exist", CloseOutcome::NotExist),
        ] {
            assert_eq!(asked(reply::close_order, &no(err_code, description)), Ok(answer));
        }
        let refusal = refusal(Some("TRADE_STATE_ERROR"), "trade state error");
        assert_eq!(asked(reply::close_order, &no("TRADE_STATE_ERROR", "trade state error")), Err(CallError::Refused(refusal)));
    }
}
