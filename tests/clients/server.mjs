// The real server, in a folder of its own, that can be killed and started again; and a bad line in front of it.

import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const binary = process.env.GIRASOL;

/** Settings of the server: the lease of a killed process ends soon. */
const environment = { ...process.env, GIRASOL_JOBS__LEASE_SECONDS: "1", GIRASOL_LOG__LEVEL: "warn" };

export class Server {
  constructor() {
    this.data = mkdtempSync(join(tmpdir(), "girasol-clients-"));
    this.key = execFileSync(binary, ["key", "create", "--role", "artist", "--data", this.data], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
    this.listen = "127.0.0.1:0";
  }

  /** Starts, the second time at the address of the first. */
  async start() {
    const child = spawn(binary, ["serve", "--data", this.data, "--listen", this.listen], {
      env: environment,
      stdio: ["ignore", "pipe", "inherit"],
    });
    this.child = child;
    const line = await new Promise((resolve, reject) => {
      let text = "";
      child.stdout.setEncoding("utf8");
      child.stdout.on("data", (chunk) => {
        text += chunk;
        if (text.includes("\n")) resolve(text);
      });
      child.once("exit", (code) => reject(new Error(`the server ended with ${code}`)));
    });
    this.listen = /http:\/\/([^/]+)\//.exec(line)[1];
  }

  /** Kills without a word, and starts again. */
  async killAndStart() {
    const ended = new Promise((resolve) => this.child.once("exit", resolve));
    this.child.removeAllListeners("exit");
    this.child.once("exit", () => {});
    const gone = new Promise((resolve) => this.child.once("close", resolve));
    this.child.kill("SIGKILL");
    await Promise.race([ended, gone]);
    await this.start();
  }

  async json(path, options = {}) {
    const headers = { authorization: `Bearer ${this.key}`, "content-type": "application/json" };
    const response = await fetch(`http://${this.listen}${path}`, { headers, ...options });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response.json();
  }

  close() {
    this.child?.kill("SIGKILL");
    rmSync(this.data, { recursive: true, force: true });
  }
}

/** Passes connections on, and cuts each one off after so many bytes, until it is mended. */
export class BadLine {
  constructor(server, meanBytes) {
    this.cuts = 0;
    this.bad = true;
    this.proxy = createServer((near) => {
      const [host, port] = server.listen.split(":");
      const far = connect(Number(port), host);
      const cut = () => {
        near.destroy();
        far.destroy();
      };
      let left = meanBytes * (0.25 + 1.5 * Math.random());
      near.on("data", (bytes) => {
        left -= bytes.length;
        if (this.bad && left < 0) {
          this.cuts += 1;
          cut();
        }
      });
      for (const end of [near, far]) end.on("error", cut).on("close", cut);
      near.pipe(far);
      far.pipe(near);
    });
  }

  async start() {
    await new Promise((resolve) => this.proxy.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${this.proxy.address().port}`;
  }

  mend() {
    this.bad = false;
  }

  close() {
    this.proxy.close();
  }
}
