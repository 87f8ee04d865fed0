// nginx in front of the two servers of a run: HTTP/2 over TLS, with a certificate of its own signing.

import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const READY_WITHIN_MS = 10_000;
// Servers lie where only root's PATH leads.
const nginx = existsSync("/usr/sbin/nginx") ? "/usr/sbin/nginx" : "nginx";

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const block = (port, target) => `  server {
    listen 127.0.0.1:${port} ssl http2;
    location / {
      proxy_pass ${target};
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-Proto https;
    }
  }`;

/** Puts each `http://127.0.0.1:PORT` behind a port of its own; `bases` are the addresses in the same order. */
export async function startFront(targets) {
  const folder = mkdtempSync(join(tmpdir(), "girasol-bench-front-"));
  const subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"];
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", join(folder, "key.pem")];
  execFileSync("openssl", ["req", "-x509", "-days", "1", ...key, "-out", join(folder, "cert.pem"), ...subject], {
    stdio: "ignore",
  });
  const ports = [];
  for (const _ of targets) ports.push(await freePort());
  writeFileSync(
    join(folder, "nginx.conf"),
    `daemon off;
pid ${folder}/pid;
error_log ${folder}/log;
worker_processes 1;
events {}
http {
  access_log off;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  ssl_certificate ${folder}/cert.pem;
  ssl_certificate_key ${folder}/key.pem;
${targets.map((target, index) => block(ports[index], target)).join("\n")}
}
`,
  );
  const child = spawn(nginx, ["-p", folder, "-e", join(folder, "log"), "-c", join(folder, "nginx.conf")], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  const ended = new Promise((resolve) => child.once("close", resolve));
  const stop = async () => {
    child.kill("SIGQUIT");
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  const until = Date.now() + READY_WITHIN_MS;
  while (!existsSync(join(folder, "pid"))) {
    if (child.exitCode !== null || Date.now() > until) {
      await stop();
      throw new Error("nginx did not start; see what it said above");
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return { bases: ports.map((port) => `https://127.0.0.1:${port}`), stop };
}
