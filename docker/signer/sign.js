// Signs requests to a private S3 bucket by AWS Signature Version 4
// (docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html), for nginx's njs.
//
// Credentials come from the environment: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_REGION.
import crypto from 'crypto';

const emptyBodyHash = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

/** Percent-encodes all but letters, digits and -._~, as the signature wants it. */
function encode(text) {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => '%' + c.charCodeAt(0).toString(16).toUpperCase());
}

const path = (r) =>
  r.variables.request_uri
    .split('?')[0]
    .split('/')
    .map((segment) => encode(decodeURIComponent(segment)))
    .join('/');

/** Parameters encoded anew and sorted: what is signed is then to the byte what is sent. */
function query(r) {
  const args = r.variables.args;
  if (!args) {
    return '';
  }
  return args
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const at = pair.indexOf('=') < 0 ? pair.length : pair.indexOf('=');
      return encode(decodeURIComponent(pair.slice(0, at))) + '=' + encode(decodeURIComponent(pair.slice(at + 1)));
    })
    .sort()
    .join('&');
}

/** Path and parameters of the request to the bucket. */
function target(r) {
  const parameters = query(r);
  return path(r) + (parameters === '' ? '' : '?' + parameters);
}

/** The bucket's host, which is signed too. */
function host() {
  return process.env.S3_ENDPOINT.replace(/^https?:\/\//, '').replace(/\/.*$/, '');
}

/** Now as 20060102T150405Z. nginx keeps a variable for the whole request, so header and signature agree. */
function date() {
  return new Date().toISOString().replace(/[-:]|\.\d+/g, '');
}

function token() {
  return process.env.AWS_SESSION_TOKEN || '';
}

function hmac(key, text) {
  return crypto.createHmac('sha256', key).update(text);
}

/** The Authorization header. */
function authorization(r) {
  const time = r.variables.amz_date;
  const day = time.slice(0, 8);
  const region = process.env.AWS_REGION || 'us-east-1';
  const scope = [day, region, 's3', 'aws4_request'].join('/');
  const headers = [
    ['host', host()],
    ['x-amz-content-sha256', emptyBodyHash],
    ['x-amz-date', time],
  ];
  if (token() !== '') {
    headers.push(['x-amz-security-token', token()]);
  }
  const names = headers.map((header) => header[0]).join(';');
  const lines = headers.map((header) => header[0] + ':' + header[1] + '\n').join('');
  const request = [r.method, path(r), query(r), lines, names, emptyBodyHash].join('\n');
  const hash = crypto.createHash('sha256').update(request).digest('hex');
  let key = 'AWS4' + process.env.AWS_SECRET_ACCESS_KEY;
  [day, region, 's3', 'aws4_request'].forEach((part) => {
    key = hmac(key, part).digest();
  });
  const signature = hmac(key, ['AWS4-HMAC-SHA256', time, scope, hash].join('\n')).digest('hex');
  const credential = process.env.AWS_ACCESS_KEY_ID + '/' + scope;
  return 'AWS4-HMAC-SHA256 Credential=' + credential + ', SignedHeaders=' + names + ', Signature=' + signature;
}

export default { authorization, date, host, target, token };
