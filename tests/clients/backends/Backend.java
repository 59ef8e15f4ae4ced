// A merchant's back end in Java (17 or later), with nothing but its standard library. The price is the back end's own: no
// browser names it. Prints the number of the order that it opened.
//
//   PAY_URL=http://127.0.0.1:8360 PAY_KEY=wpk_… java Backend.java      auth.mode api_key: calls toPay itself
//   PAY_URL=http://127.0.0.1:8360 PAY_SECRET=…  java Backend.java      auth.mode signed: makes an offer that a page carries
//   java Backend.java vector                                           the signature of the example in config/README.md

import static java.nio.charset.StandardCharsets.UTF_8;

import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.util.*;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

class Backend {
    static String sign(String secret, String... values) throws Exception {
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(secret.getBytes(UTF_8), "HmacSHA256"));
        return HexFormat.of().formatHex(mac.doFinal(("v1\n" + String.join("\n", values)).getBytes(UTF_8)));
    }

    public static void main(String[] arguments) throws Exception {
        if (arguments.length > 0 && arguments[0].equals("vector")) {
            System.out.println(sign("0123456789abcdef0123456789abcdef", "12", "34", "19.90", "1795478400", "5f0c9a1e7b3d4826"));
            return;
        }
        String key = System.getenv("PAY_KEY"), secret = System.getenv("PAY_SECRET");
        Map<String, String> body = new TreeMap<>(Map.of("merchant_id", "12", "product_id", "34", "price", "19.90"));
        if (secret != null) {
            String timestamp = Long.toString(Instant.now().getEpochSecond()), nonce = UUID.randomUUID().toString();
            body.putAll(Map.of("timestamp", timestamp, "nonce", nonce, "signature", sign(secret, "12", "34", "19.90", timestamp, nonce)));
        }
        String form = body.entrySet().stream().map(field -> field.getKey() + "=" + URLEncoder.encode(field.getValue(), UTF_8))
            .collect(Collectors.joining("&"));
        // The same attempt (a cart, say) has the same Idempotency-Key: a call whose answer was lost is repeated under it.
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(System.getenv("PAY_URL") + "/wxPay/toPay"))
            .timeout(Duration.ofSeconds(10))
            .header("Content-Type", "application/x-www-form-urlencoded")
            .header("Idempotency-Key", UUID.randomUUID().toString());
        if (key != null) request.header("Authorization", "Bearer " + key);
        String told = HttpClient.newHttpClient()
            .send(request.POST(HttpRequest.BodyPublishers.ofString(form)).build(), HttpResponse.BodyHandlers.ofString()).body();
        // A real back end has a JSON library; the standard one has none. code_url holds the link to draw as a QR code.
        var orderId = Pattern.compile("\"order_id\":\"([^\"]+)\"").matcher(told);
        if (!told.contains("\"code\":0") || !orderId.find()) throw new IllegalStateException(told);
        System.out.println(orderId.group(1));
    }
}
