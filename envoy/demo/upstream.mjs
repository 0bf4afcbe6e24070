// The API behind Envoy. Except for OPTIONS, it answers each request with the method, path and
// headers that it received. They show what Portcullis let through, added and removed.
//
// Environment variables: HOST (default 127.0.0.1) and PORT (default 0: a free port). Prints one
// line of JSON when it is ready.
import { createServer } from 'node:http';

const { HOST: host = '127.0.0.1', PORT: port = '0' } = process.env;

const server = createServer((request, response) => {
  if (request.method === 'OPTIONS') {
    response.writeHead(204, {
      'access-control-allow-origin': request.headers.origin ?? '*',
      'access-control-allow-methods': 'GET, POST',
      'access-control-allow-headers': 'authorization',
    }).end();
    return;
  }
  const seen = { method: request.method, path: request.url, headers: request.headers };
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(`${JSON.stringify(seen, null, 2)}\n`);
});

server.listen(Number(port), host, () => {
  const url = `http://${host}:${server.address().port}`;
  console.log(JSON.stringify({ ready: true, url, pid: process.pid }));
});

const stop = () => {
  server.close(() => process.exit(0));
  server.closeAllConnections();
};
process.once('SIGTERM', stop).once('SIGINT', stop);
