// A merchant's back end in Go (1.19 or later), standard library only. The price is its own: no browser names it. Nor does a
// browser say what is paid: the back end is told, and asks about what it was not told of; it delivers once.
//
//	open CART             opens a deal for a cart and prints the order's number; with PAY_URL, and
//	                      PAY_KEY=wpk_…  auth.mode api_key: calls toPay itself
//	                      PAY_SECRET=…   auth.mode signed: makes an offer that a page carries
//	listen                takes webhooks, with PAY_WEBHOOK_SECRET and PAY_DELIVERED, a folder of its own
//	deliver ORDER CART    asks, with PAY_URL, PAY_READ_KEY (of scope read) and PAY_DELIVERED
//	vector                the signature of the full example in config/README.md
package main

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

const price = "19.90"

var signed = strings.Fields("merchant_id product_id price timestamp nonce description reference return_url cancel_url trade_type openid account")

func deal(cart string) url.Values {
	return url.Values{"merchant_id": {"12"}, "product_id": {"34"}, "price": {price}, "description": {"红茶 2 盒"}, "reference": {cart}}
}

func sign(secret string, offer url.Values) string {
	lines := []string{"v2"}
	for _, name := range signed {
		lines = append(lines, offer.Get(name))
	}
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(strings.Join(lines, "\n")))
	return fmt.Sprintf("%x", mac.Sum(nil))
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func call(name string, body url.Values, key, attempt string) map[string]any {
	request, err := http.NewRequest("POST", os.Getenv("PAY_URL")+"/wxPay/"+name, strings.NewReader(body.Encode()))
	check(err)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if attempt != "" {
		request.Header.Set("Idempotency-Key", attempt)
	}
	if key != "" {
		request.Header.Set("Authorization", "Bearer "+key)
	}
	answer, err := (&http.Client{Timeout: 10 * time.Second}).Do(request)
	check(err)
	var told map[string]any
	check(json.NewDecoder(answer.Body).Decode(&told))
	if told["code"] != 0.0 {
		log.Fatal(told["reason"], " ", told["detail"])
	}
	return told
}

// A cart has one Idempotency-Key: a call whose answer was lost is repeated under it, and gives the same order.
func open(cart string) any {
	body, secret := deal(cart), os.Getenv("PAY_SECRET")
	if secret != "" { // what the page gets, to post it as it is
		var random [16]byte
		_, err := rand.Read(random[:])
		check(err)
		body.Set("version", "v2")
		body.Set("timestamp", fmt.Sprint(time.Now().Unix()))
		body.Set("nonce", fmt.Sprintf("%x", random))
		body.Set("signature", sign(secret, body))
	}
	return call("toPay", body, os.Getenv("PAY_KEY"), cart)["order_id"] // code_url[0] is the link to draw as a QR code
}

// For carts of which nothing was heard within a minute, such as after an outage of the back end's own.
func deliver(order, cart string) any {
	told := call("queryOrder", url.Values{"order_id": {order}}, os.Getenv("PAY_READ_KEY"), "")
	if told["trade_state"] != "SUCCESS" {
		return told["trade_state"]
	}
	if told["reference"] != cart {
		log.Fatal("this order is of another cart")
	}
	said, err := deliverOnce(order, cart, told["price"].(string))
	check(err)
	return said
}

func deliverOnce(order, cart, cost string) (string, error) {
	if cost != price {
		return "", errors.New("this is not the cart's price")
	}
	// Only one of many can create it. A back end with a database has a unique column instead, in the transaction that delivers.
	mark, err := os.OpenFile(filepath.Join(os.Getenv("PAY_DELIVERED"), order), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return "delivered before", nil
	}
	if err != nil {
		return "", err
	}
	defer mark.Close()
	_, err = mark.WriteString(cart)
	return "delivered", err
}

// Standard Webhooks: one of the signatures must be ours, over the body as it came, and not five minutes old.
// github.com/standard-webhooks/standard-webhooks/libraries does it, where a back end may have dependencies.
func verifies(secret string, header http.Header, body []byte) bool {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	check(err)
	timestamp := header.Get("webhook-timestamp")
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s.%s.%s", header.Get("webhook-id"), timestamp, body)
	ours, signed := []byte("v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil))), false
	for _, theirs := range strings.Fields(header.Get("webhook-signature")) {
		signed = hmac.Equal(ours, []byte(theirs)) || signed
	}
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	return signed && err == nil && time.Since(time.Unix(seconds, 0)).Abs() < 5*time.Minute
}

func takeWebhook(answer http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(answer, request.Body, 1<<20))
	if err != nil || !verifies(os.Getenv("PAY_WEBHOOK_SECRET"), request.Header, body) {
		http.Error(answer, "not signed by the gateway", http.StatusBadRequest)
		return
	}
	var told struct {
		Type string
		Data struct {
			Deal struct {
				OrderID   string `json:"order_id"`
				Reference string
				Price     string
			}
		}
	}
	err = json.Unmarshal(body, &told)
	if deal := told.Data.Deal; err == nil && told.Type == "deal.paid" && deal.Reference != "" {
		var said string
		if said, err = deliverOnce(deal.OrderID, deal.Reference, deal.Price); err == nil {
			fmt.Println(deal.OrderID, said)
		}
	}
	if err != nil {
		http.Error(answer, "later", http.StatusInternalServerError)
		return
	}
	answer.WriteHeader(http.StatusNoContent) // only now that it is delivered: otherwise it is told again
}

func listen() {
	listener, err := net.Listen("tcp", "127.0.0.1:"+os.Getenv("PAY_PORT"))
	check(err)
	fmt.Println("webhooks at http://" + listener.Addr().String())
	log.Fatal(http.Serve(listener, http.HandlerFunc(takeWebhook)))
}

func main() {
	switch os.Args[1] {
	case "vector":
		full := deal("A-2026/11 #7")
		for name, value := range map[string]string{
			"timestamp": "1795478400", "nonce": "5f0c9a1e7b3d4826", "return_url": "https://shop.example.com/paid?order={order_id}",
			"cancel_url": "https://shop.example.com/cart", "trade_type": "NATIVE", "openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o", "account": "shop2",
		} {
			full.Set(name, value)
		}
		fmt.Println(sign("0123456789abcdef0123456789abcdef", full))
	case "open":
		fmt.Println(open(os.Args[2]))
	case "listen":
		listen()
	case "deliver":
		fmt.Println(deliver(os.Args[2], os.Args[3]))
	}
}
