// Usage: node interop.js ADDRESS [CA_FILE]
// Drives grpc.testing.TestService with @grpc/grpc-js and ends with code 0 when every answer was right.
'use strict';
const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');

const [address, caFile] = process.argv.slice(2);
const protos = path.join(__dirname, '..', 'Protos', 'grpc', 'testing', 'test.proto');
const { TestService } = grpc.loadPackageDefinition(loader.loadSync(protos)).grpc.testing;
const credentials = caFile ? grpc.credentials.createSsl(fs.readFileSync(caFile)) : grpc.credentials.createInsecure();
const plain = new TestService(address, credentials);
const gzip = new TestService(address, credentials, { 'grpc.default_compression_algorithm': 2 });

const unary = (client, method, request, metadata = new grpc.Metadata(), options = {}) => new Promise((resolve) => {
  const seen = {};
  const call = client[method](request, metadata, options, (error, response) => Object.assign(seen, { error, response }));
  call.on('metadata', (headers) => { seen.headers = headers; });
  call.on('status', (status) => resolve({ ...seen, status }));
});

const ended = (call) => new Promise((resolve) => {
  const responses = [];
  call.on('data', (response) => responses.push(response));
  call.on('error', () => {});
  call.on('status', (status) => resolve({ responses, status }));
});

const payload = (size) => ({ body: Buffer.alloc(size) });
const sizes = (responses) => responses.map((response) => response.payload.body.length);
const ask = (request, ...wanted) => ({ payload: payload(request), responseParameters: wanted.map((size) => ({ size })) });

const cases = {
  async large_unary(client) {
    const { response } = await unary(client, 'unaryCall', { responseSize: 314159, payload: payload(271828) });
    assert.equal(response.payload.body.length, 314159);
  },
  async client_streaming(client) {
    const total = await new Promise((resolve, reject) => {
      const call = client.streamingInputCall((error, response) => (error ? reject(error) : resolve(response.aggregatedPayloadSize)));
      [27182, 8, 1828, 45904].forEach((size) => call.write({ payload: payload(size) }));
      call.end();
    });
    assert.equal(total, 74922);
  },
  async server_streaming(client) {
    const { responses, status } = await ended(client.streamingOutputCall(ask(0, 31415, 9, 2653, 58979)));
    assert.deepEqual(sizes(responses), [31415, 9, 2653, 58979]);
    assert.equal(status.code, grpc.status.OK);
  },
  async ping_pong(client) {
    const call = client.fullDuplexCall();
    const wanted = [[27182, 31415], [8, 9], [1828, 2653], [45904, 58979]];
    const got = ended(call);
    let next = 0;
    const send = () => (next < wanted.length ? call.write(ask(...wanted[next++])) : call.end());
    call.on('data', send);
    send();
    const { responses, status } = await got;
    assert.deepEqual(sizes(responses), [31415, 9, 2653, 58979]);
    assert.equal(status.code, grpc.status.OK);
  },
  async empty_stream(client) {
    const call = client.fullDuplexCall();
    call.end();
    assert.equal((await ended(call)).status.code, grpc.status.OK);
  },
  async special_status_message(client) {
    const message = '\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n';
    const { status } = await unary(client, 'unaryCall', { responseStatus: { code: 2, message } });
    assert.equal(status.code, 2);
    assert.equal(status.details, message);
  },
  async custom_metadata(client) {
    const metadata = new grpc.Metadata();
    metadata.set('x-grpc-test-echo-initial', 'test_initial_metadata_value');
    metadata.set('x-grpc-test-echo-trailing-bin', Buffer.from('ababab', 'hex'));
    const { headers, status } = await unary(client, 'unaryCall', { responseSize: 10 }, metadata);
    assert.deepEqual(headers.get('x-grpc-test-echo-initial'), ['test_initial_metadata_value']);
    assert.deepEqual(status.metadata.get('x-grpc-test-echo-trailing-bin'), [Buffer.from('ababab', 'hex')]);
  },
  async unimplemented_method(client) {
    assert.equal((await unary(client, 'unimplementedCall', {})).status.code, grpc.status.UNIMPLEMENTED);
  },
  async cancel_after_first_response(client) {
    const call = client.fullDuplexCall();
    call.on('data', () => call.cancel());
    call.write(ask(10, 10));
    assert.equal((await ended(call)).status.code, grpc.status.CANCELLED);
  },
  async timeout_on_sleeping_server(client) {
    const call = client.fullDuplexCall(new grpc.Metadata(), { deadline: Date.now() + 20 });
    call.write({ payload: payload(10) });
    assert.equal((await ended(call)).status.code, grpc.status.DEADLINE_EXCEEDED);
  },
  async too_large(client) {
    const { status } = await unary(client, 'unaryCall', { payload: payload(2 * 1024 * 1024) });
    assert.equal(status.code, grpc.status.RESOURCE_EXHAUSTED);
  },
};

(async () => {
  for (const [name, run] of Object.entries(cases)) {
    for (const [kind, client] of [['plain', plain], ['gzip', gzip]]) {
      await run(client).catch((error) => { throw new Error(`${name} (${kind}): ${error.message}`); });
    }
  }
  console.log(`passed ${Object.keys(cases).length} cases`);
  process.exit(0);
})().catch((error) => { console.error(error); process.exit(1); });
