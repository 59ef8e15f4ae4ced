// A merchant's back end in Go (1.19 or later), standard library only; the price is its own. PAY_URL and PAY_KEY (auth.mode
// api_key) or PAY_SECRET (signed) tell how; it prints the order's number. "vector": the signature of the example in config/README.md.
package main

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

func sign(secret string, values ...string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte("v1\n" + strings.Join(values, "\n")))
	return fmt.Sprintf("%x", mac.Sum(nil))
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "vector" {
		fmt.Println(sign("0123456789abcdef0123456789abcdef", "12", "34", "19.90", "1795478400", "5f0c9a1e7b3d4826"))
		return
	}
	var random [16]byte
	_, err := rand.Read(random[:])
	check(err)
	timestamp, nonce := fmt.Sprint(time.Now().Unix()), fmt.Sprintf("%x", random)
	body := url.Values{"merchant_id": {"12"}, "product_id": {"34"}, "price": {"19.90"}}
	if secret := os.Getenv("PAY_SECRET"); secret != "" {
		signature := []string{sign(secret, "12", "34", "19.90", timestamp, nonce)}
		body["timestamp"], body["nonce"], body["signature"] = []string{timestamp}, []string{nonce}, signature
	}
	request, err := http.NewRequest("POST", os.Getenv("PAY_URL")+"/wxPay/toPay", strings.NewReader(body.Encode()))
	check(err)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Idempotency-Key", nonce) // of the attempt: a call whose answer was lost is repeated under it
	if key := os.Getenv("PAY_KEY"); key != "" {
		request.Header.Set("Authorization", "Bearer "+key)
	}
	answer, err := (&http.Client{Timeout: 10 * time.Second}).Do(request)
	check(err)
	var told map[string]any // code_url[0] is the link to draw as a QR code
	check(json.NewDecoder(answer.Body).Decode(&told))
	if told["code"] != 0.0 {
		log.Fatal(told["reason"], " ", told["detail"])
	}
	fmt.Println(told["order_id"])
}
