<?php
// A merchant's back end in PHP (7.4 or later), with nothing but its standard library. The price is the back end's own: no
// browser names it. Prints the number of the order that it opened.
//
//   PAY_URL=http://127.0.0.1:8360 PAY_KEY=wpk_… php backend.php        auth.mode api_key: calls toPay itself
//   PAY_URL=http://127.0.0.1:8360 PAY_SECRET=…  php backend.php        auth.mode signed: makes an offer that a page carries
//   php backend.php vector                                             the signature of the example in config/README.md

function sign($secret, $merchantId, $productId, $price, $timestamp, $nonce)
{
    return hash_hmac('sha256', implode("\n", ['v1', $merchantId, $productId, $price, $timestamp, $nonce]), $secret);
}

// What the page gets, to post it as it is: values are texts, so that nothing rewrites 19.90 as 19.9.
function offer($secret, $merchantId, $productId, $price)
{
    $timestamp = (string) time();
    $nonce = bin2hex(random_bytes(16));
    $signature = sign($secret, $merchantId, $productId, $price, $timestamp, $nonce);
    return ['merchant_id' => $merchantId, 'product_id' => $productId, 'price' => $price,
        'timestamp' => $timestamp, 'nonce' => $nonce, 'signature' => $signature];
}

// The same attempt (a cart, say) has the same Idempotency-Key: a call whose answer was lost is repeated under it.
function toPay($body, $attempt, $key)
{
    $headers = ['Content-Type: application/x-www-form-urlencoded', "Idempotency-Key: $attempt"];
    if ($key) {
        $headers[] = "Authorization: Bearer $key";
    }
    $http = ['method' => 'POST', 'header' => $headers, 'content' => http_build_query($body), 'timeout' => 10, 'ignore_errors' => true];
    $told = json_decode(file_get_contents(getenv('PAY_URL') . '/wxPay/toPay', false, stream_context_create(['http' => $http])), true);
    if (($told['code'] ?? 1) !== 0) {
        fwrite(STDERR, ($told['reason'] ?? 'no answer') . ' ' . ($told['detail'] ?? '') . "\n");
        exit(1);
    }
    return $told; // code_url[0] is the link to draw as a QR code
}

if (($argv[1] ?? '') === 'vector') {
    echo sign('0123456789abcdef0123456789abcdef', '12', '34', '19.90', '1795478400', '5f0c9a1e7b3d4826'), "\n";
} else {
    $key = getenv('PAY_KEY');
    $body = $key ? ['merchant_id' => '12', 'product_id' => '34', 'price' => '19.90'] : offer(getenv('PAY_SECRET'), '12', '34', '19.90');
    echo toPay($body, bin2hex(random_bytes(16)), $key)['order_id'], "\n";
}
