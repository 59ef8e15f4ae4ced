// A merchant's back end in Java (17 or later), with nothing but its standard library. The price is the back end's own: no
// browser names it. Nor does a browser say what is paid: the back end is told, and asks about what it was not told of; it
// delivers once.
//
//   java Backend.java open CART             opens a deal for a cart and prints the order's number; with PAY_URL, and
//                                           PAY_KEY=wpk_…  auth.mode api_key: calls toPay itself
//                                           PAY_SECRET=…   auth.mode signed: makes an offer that a page carries
//   java Backend.java listen                takes webhooks, with PAY_WEBHOOK_SECRET and PAY_DELIVERED, a folder of its own
//   java Backend.java deliver ORDER CART    asks, with PAY_URL, PAY_READ_KEY (of scope read) and PAY_DELIVERED
//   java Backend.java vector                the signature of the full example in config/README.md

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.util.*;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

class Backend {
    // 红茶 2 盒, written so that a compiler reads it alike in every locale.
    static final Map<String, String> DEAL =
        Map.of("merchant_id", "12", "product_id", "34", "price", "19.90", "description", "\u7ea2\u8336 2 \u76d2");
    static final List<String> SIGNED = List.of("merchant_id", "product_id", "price", "timestamp", "nonce", "description", "reference",
        "return_url", "cancel_url", "trade_type", "openid", "account");

    static String sign(String secret, Map<String, String> offer) throws Exception {
        String text = Stream.concat(Stream.of("v2"), SIGNED.stream().map(name -> offer.getOrDefault(name, "")))
            .collect(Collectors.joining("\n"));
        return HexFormat.of().formatHex(hmac(secret.getBytes(UTF_8), text));
    }

    static byte[] hmac(byte[] key, String text) throws Exception {
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(key, "HmacSHA256"));
        return mac.doFinal(text.getBytes(UTF_8));
    }

    static String call(String name, Map<String, String> body, String key, String attempt) throws Exception {
        String form = body.entrySet().stream().map(field -> field.getKey() + "=" + URLEncoder.encode(field.getValue(), UTF_8))
            .collect(Collectors.joining("&"));
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(System.getenv("PAY_URL") + "/wxPay/" + name))
            .timeout(Duration.ofSeconds(10))
            .header("Content-Type", "application/x-www-form-urlencoded");
        if (attempt != null) request.header("Idempotency-Key", attempt);
        if (key != null) request.header("Authorization", "Bearer " + key);
        String told = HttpClient.newHttpClient()
            .send(request.POST(HttpRequest.BodyPublishers.ofString(form)).build(), HttpResponse.BodyHandlers.ofString()).body();
        if (!told.contains("\"code\":0")) throw new IOException(told);
        return told;
    }

    // A real back end has a JSON library; the standard one has none.
    static String value(String told, String name) {
        var value = Pattern.compile("\"" + name + "\":\"([^\"]+)\"").matcher(told);
        return value.find() ? value.group(1) : null;
    }

    // A cart has one Idempotency-Key: a call whose answer was lost is repeated under it, and gives the same order.
    static String open(String cart) throws Exception {
        String key = System.getenv("PAY_KEY"), secret = System.getenv("PAY_SECRET");
        Map<String, String> body = new TreeMap<>(DEAL);
        body.put("reference", cart);
        if (secret != null) { // what the page gets, to post it as it is
            body.put("version", "v2");
            body.put("timestamp", Long.toString(Instant.now().getEpochSecond()));
            body.put("nonce", UUID.randomUUID().toString());
            body.put("signature", sign(secret, body));
        }
        return value(call("toPay", body, key, cart), "order_id"); // code_url holds the link to draw as a QR code
    }

    // For carts of which nothing was heard within a minute, such as after an outage of the back end's own.
    static String deliver(String order, String cart) throws Exception {
        String told = call("queryOrder", Map.of("order_id", order), System.getenv("PAY_READ_KEY"), null);
        String state = value(told, "trade_state");
        if (!state.equals("SUCCESS")) return state;
        if (!cart.equals(value(told, "reference"))) throw new IOException("this order is of another cart");
        return deliverOnce(order, cart, value(told, "price"));
    }

    static String deliverOnce(String order, String cart, String price) throws IOException {
        if (!DEAL.get("price").equals(price)) throw new IOException("this is not the cart's price");
        try {
            // Only one of many can create it. A back end with a database has a unique column instead, in the transaction that delivers.
            Files.writeString(Path.of(System.getenv("PAY_DELIVERED"), order), cart, StandardOpenOption.CREATE_NEW);
        } catch (FileAlreadyExistsException before) {
            return "delivered before";
        }
        return "delivered";
    }

    // Standard Webhooks: one of the signatures must be ours, over the body as it came, and not five minutes old. From Maven,
    // com.standardwebhooks:standardwebhooks does it.
    static boolean verifies(String secret, Headers headers, String body) throws Exception {
        String id = headers.getFirst("webhook-id"), timestamp = headers.getFirst("webhook-timestamp");
        String signatures = headers.getFirst("webhook-signature");
        if (id == null || timestamp == null || !timestamp.matches("[0-9]{1,12}") || signatures == null) return false;
        byte[] key = Base64.getDecoder().decode(secret.substring("whsec_".length()));
        String ours = "v1," + Base64.getEncoder().encodeToString(hmac(key, id + "." + timestamp + "." + body));
        boolean isSigned = false;
        for (String theirs : signatures.split(" ")) isSigned |= MessageDigest.isEqual(ours.getBytes(UTF_8), theirs.getBytes(UTF_8));
        return isSigned && Math.abs(Instant.now().getEpochSecond() - Long.parseLong(timestamp)) < 300;
    }

    static int takeWebhook(HttpExchange exchange) throws Exception {
        String told = new String(exchange.getRequestBody().readAllBytes(), UTF_8);
        if (!verifies(System.getenv("PAY_WEBHOOK_SECRET"), exchange.getRequestHeaders(), told)) return 400;
        String cart = value(told, "reference");
        if ("deal.paid".equals(value(told, "type")) && cart != null) {
            String order = value(told, "order_id");
            System.out.println(order + " " + deliverOnce(order, cart, value(told, "price")));
        }
        return 204; // only now that it is delivered: otherwise it is told again
    }

    static void listen() throws IOException {
        int port = Integer.parseInt(System.getenv().getOrDefault("PAY_PORT", "0"));
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", port), 0);
        server.createContext("/", exchange -> {
            int status = 500;
            try {
                status = takeWebhook(exchange);
            } catch (Exception failed) {
                failed.printStackTrace();
            }
            exchange.sendResponseHeaders(status, -1);
            exchange.close();
        });
        server.start();
        System.out.println("webhooks at http://127.0.0.1:" + server.getAddress().getPort());
    }

    public static void main(String[] arguments) throws Exception {
        if (arguments[0].equals("vector")) {
            Map<String, String> full = new TreeMap<>(DEAL);
            full.putAll(Map.of("timestamp", "1795478400", "nonce", "5f0c9a1e7b3d4826", "reference", "A-2026/11 #7",
                "return_url", "https://shop.example.com/paid?order={order_id}", "cancel_url", "https://shop.example.com/cart",
                "trade_type", "NATIVE", "openid", "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o", "account", "shop2"));
            System.out.println(sign("0123456789abcdef0123456789abcdef", full));
        } else if (arguments[0].equals("listen")) {
            listen();
        } else {
            System.out.println(arguments[0].equals("open") ? open(arguments[1]) : deliver(arguments[1], arguments[2]));
        }
    }
}
