// Signs requests to one private S3 bucket by AWS Signature Version 4
// (docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html), for nginx's njs.
//
// From the environment: S3_BUCKET_URL (https://host/bucket or https://bucket.host), AWS_ACCESS_KEY_ID,
// AWS_SECRET_ACCESS_KEY, AWS_REGION (default us-east-1) and, with temporary credentials, AWS_SESSION_TOKEN.
import crypto from 'crypto';

/** SHA-256 of nothing: only GET is passed on, which has no body. */
const emptyHash = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

/** The bucket's URL as origin, host and path without a slash at its end. */
function bucket() {
  const url = process.env.S3_BUCKET_URL || '';
  const match = /^(https?:\/\/([^\/?#]+))([^?#]*)$/.exec(url);
  if (!match) {
    throw new Error('S3_BUCKET_URL: expected https://host/bucket or https://bucket.host, got "' + url + '"');
  }
  return { origin: match[1], host: match[2], path: match[3].replace(/\/+$/, '') };
}

/** Percent-encodes all but letters, digits and -._~, which is what the signature is over. */
function encode(text) {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => '%' + c.charCodeAt(0).toString(16).toUpperCase());
}

/** The path on the bucket's server, always below the bucket: nginx has refused what leads above "/" by "..". */
function path(r) {
  return (
    bucket().path +
    r.variables.request_uri
      .split('?')[0]
      .split('/')
      .map((segment) => encode(decodeURIComponent(segment)))
      .join('/')
  );
}

/**
 * The parameters encoded anew and sorted, so that what is signed is to the byte what is sent. "+" is a space: Grafana's
 * proxy writes it so.
 */
function query(r) {
  const decode = (text) => encode(decodeURIComponent(text.replace(/\+/g, '%20')));
  const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
  return (r.variables.args || '')
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const end = pair.indexOf('=') < 0 ? pair.length : pair.indexOf('=');
      return [decode(pair.slice(0, end)), decode(pair.slice(end + 1))];
    })
    .sort((a, b) => compare(a[0], b[0]) || compare(a[1], b[1]))
    .map((pair) => pair.join('='))
    .join('&');
}

/** The parameters of ListObjectsV2, less those that ask for more than a reader needs. */
const listing = ['continuation-token', 'delimiter', 'encoding-type', 'list-type', 'max-keys', 'prefix', 'start-after'];

/**
 * Why a request is not passed on; '' if it is. Only two are: GET of an object, without parameters, and ListObjectsV2. All
 * others that S3 answers to GET tell of the bucket (?policy, ?acl), or change the answer (?response-content-type).
 */
function refused(r) {
  if (Number(r.headersIn['Content-Length'] || 0) !== 0 || r.headersIn['Transfer-Encoding']) {
    return 'A GET has no body: send none.\n';
  }
  let folders;
  let names;
  try {
    folders = path(r).split('/');
    names = query(r)
      .split('&')
      .filter((pair) => pair !== '')
      .map((pair) => decodeURIComponent(pair.split('=')[0]));
  } catch (e) {
    return 'The path or a parameter has a percent code that is no UTF-8: encode it as encodeURIComponent does.\n';
  }
  if (folders.some((folder) => folder === '.' || folder === '..')) {
    return 'The path has a folder "." or "..", which servers resolve: no such key is passed on.\n';
  }
  if (r.variables.request_uri.split('?')[0] !== '/') {
    return names.length === 0
      ? ''
      : 'Of an object only GET without parameters is passed on: leave out ' + quoted(names[0]);
  }
  const other = names.find((name, i) => listing.indexOf(name) < 0 || names.indexOf(name) !== i);
  if (other !== undefined) {
    return 'Of the bucket only ListObjectsV2 is passed on, each parameter once: leave out ' + quoted(other);
  }
  return query(r).split('&').indexOf('list-type=2') < 0
    ? 'Of the bucket only ListObjectsV2 is passed on: add list-type=2.\n'
    : '';
}

/** A parameter's name for a message, in ASCII and not longer than a line. */
const quoted = (name) => '"' + encode(name).slice(0, 80) + '".\n';

/** URL of the request to the bucket. */
function request(r) {
  const parameters = query(r);
  return bucket().origin + path(r) + (parameters === '' ? '' : '?' + parameters);
}

function host() {
  return bucket().host;
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
  const scope = [time.slice(0, 8), process.env.AWS_REGION || 'us-east-1', 's3', 'aws4_request'];
  const headers = [
    ['host', host()],
    ['x-amz-content-sha256', emptyHash],
    ['x-amz-date', time],
  ];
  if (token() !== '') {
    headers.push(['x-amz-security-token', token()]);
  }
  const names = headers.map((header) => header[0]).join(';');
  const lines = headers.map((header) => header.join(':') + '\n').join('');
  const canonical = [r.method, path(r), query(r), lines, names, emptyHash].join('\n');
  const hash = crypto.createHash('sha256').update(canonical).digest('hex');
  const key = scope.reduce((k, part) => hmac(k, part).digest(), 'AWS4' + process.env.AWS_SECRET_ACCESS_KEY);
  const signature = hmac(key, ['AWS4-HMAC-SHA256', time, scope.join('/'), hash].join('\n')).digest('hex');
  const credential = process.env.AWS_ACCESS_KEY_ID + '/' + scope.join('/');
  return 'AWS4-HMAC-SHA256 Credential=' + credential + ', SignedHeaders=' + names + ', Signature=' + signature;
}

export default { authorization, date, host, refused, request, token };
