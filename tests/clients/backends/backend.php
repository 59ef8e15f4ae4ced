<?php
// A merchant's back end in PHP (7.4 or later), with nothing but its standard library. The price is the back end's own: no
// browser names it. Nor does a browser say what is paid: the back end is told, and asks about what it was not told of; it
// delivers once.
//
//   php backend.php open CART             opens a deal for a cart and prints the order's number; with PAY_URL, and
//                                         PAY_KEY=wpk_…  auth.mode api_key: calls toPay itself
//                                         PAY_SECRET=…   auth.mode signed: makes an offer that a page carries
//   php -S 127.0.0.1:8080 backend.php     takes webhooks, with PAY_WEBHOOK_SECRET and PAY_DELIVERED, a folder of its own
//   php backend.php deliver ORDER CART    asks, with PAY_URL, PAY_READ_KEY (of scope read) and PAY_DELIVERED
//   php backend.php vector                the signature of the full example in config/README.md

const DEAL = ['merchant_id' => '12', 'product_id' => '34', 'price' => '19.90', 'description' => '红茶 2 盒'];
const SIGNED = ['merchant_id', 'product_id', 'price', 'timestamp', 'nonce', 'description', 'reference', 'return_url', 'cancel_url',
    'trade_type', 'openid', 'account'];

function sign($secret, $offer)
{
    $values = array_map(function ($name) use ($offer) { return $offer[$name] ?? ''; }, SIGNED);
    return hash_hmac('sha256', implode("\n", array_merge(['v2'], $values)), $secret);
}

// What the page gets, to post it as it is: values are texts, so that nothing rewrites 19.90 as 19.9.
function offer($secret, $deal)
{
    $unsigned = $deal + ['version' => 'v2', 'timestamp' => (string) time(), 'nonce' => bin2hex(random_bytes(16))];
    return $unsigned + ['signature' => sign($secret, $unsigned)];
}

function call($name, $body, $key, $headers = [])
{
    $headers[] = 'Content-Type: application/x-www-form-urlencoded';
    if ($key) {
        $headers[] = "Authorization: Bearer $key";
    }
    $http = ['method' => 'POST', 'header' => $headers, 'content' => http_build_query($body), 'timeout' => 10, 'ignore_errors' => true];
    $told = json_decode(file_get_contents(getenv('PAY_URL') . "/wxPay/$name", false, stream_context_create(['http' => $http])), true);
    if (($told['code'] ?? 1) !== 0) {
        throw new Exception(($told['reason'] ?? 'no answer') . ' ' . ($told['detail'] ?? ''));
    }
    return $told;
}

// A cart has one Idempotency-Key: a call whose answer was lost is repeated under it, and gives the same order.
function open($cart)
{
    $key = getenv('PAY_KEY');
    $deal = DEAL + ['reference' => $cart];
    $told = call('toPay', $key ? $deal : offer(getenv('PAY_SECRET'), $deal), $key, ["Idempotency-Key: $cart"]);
    return $told['order_id']; // and $told['code_url'][0] is the link to draw as a QR code
}

// For carts of which nothing was heard within a minute, such as after an outage of the back end's own.
function deliver($order, $cart)
{
    $told = call('queryOrder', ['order_id' => $order], getenv('PAY_READ_KEY'));
    if ($told['trade_state'] !== 'SUCCESS') {
        return $told['trade_state'];
    }
    if (($told['reference'] ?? null) !== $cart) {
        throw new Exception('this order is of another cart');
    }
    return deliver_once($order, $cart, $told['price']);
}

function deliver_once($order, $cart, $price)
{
    if ($price !== DEAL['price']) {
        throw new Exception("this is not the cart's price");
    }
    // Only one of many can create it. A back end with a database has a unique column instead, in the transaction that delivers.
    $path = getenv('PAY_DELIVERED') . "/$order";
    $mark = @fopen($path, 'x');
    if (!$mark && file_exists($path)) {
        return 'delivered before';
    }
    if (!$mark || !fwrite($mark, $cart)) {
        throw new Exception("$path cannot be written");
    }
    return 'delivered';
}

// Standard Webhooks: one of the signatures must be ours, over the body as it came, and not five minutes old. With Composer,
// standard-webhooks/standard-webhooks does it.
function verify($secret, $body)
{
    $header = function ($name) { return $_SERVER["HTTP_WEBHOOK_$name"] ?? ''; };
    $key = base64_decode(substr($secret, strlen('whsec_')));
    $ours = 'v1,' . base64_encode(hash_hmac('sha256', $header('ID') . '.' . $header('TIMESTAMP') . ".$body", $key, true));
    $is_signed = false;
    foreach (explode(' ', $header('SIGNATURE')) as $theirs) {
        $is_signed = hash_equals($ours, $theirs) || $is_signed;
    }
    return $is_signed && abs(time() - (int) $header('TIMESTAMP')) < 300 ? json_decode($body, true) : null;
}

function take_webhook()
{
    $told = verify(getenv('PAY_WEBHOOK_SECRET'), file_get_contents('php://input'));
    if (!$told) {
        return 400;
    }
    $deal = $told['data']['deal'] ?? null;
    if ($told['type'] === 'deal.paid' && $deal['reference']) {
        error_log($deal['order_id'] . ' ' . deliver_once($deal['order_id'], $deal['reference'], $deal['price']));
    }
    return 204; // only now that it is delivered: otherwise it is told again
}

if (PHP_SAPI !== 'cli') {
    http_response_code(500); // until it is known better
    http_response_code(take_webhook());
} elseif ($argv[1] === 'vector') {
    echo sign('0123456789abcdef0123456789abcdef', DEAL + ['timestamp' => '1795478400', 'nonce' => '5f0c9a1e7b3d4826',
        'reference' => 'A-2026/11 #7', 'return_url' => 'https://shop.example.com/paid?order={order_id}',
        'cancel_url' => 'https://shop.example.com/cart', 'trade_type' => 'NATIVE', 'openid' => 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o',
        'account' => 'shop2']), "\n";
} else {
    echo $argv[1] === 'open' ? open($argv[2]) : deliver($argv[2], $argv[3]), "\n";
}
