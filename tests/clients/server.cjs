// bai as a process in a folder of its own: BAI_BINARY is the program. And servers that are not bai, or not well.
'use strict'

const assert = require('node:assert/strict')
const { execFileSync, spawn } = require('node:child_process')
const { mkdtempSync, rmSync } = require('node:fs')
const http = require('node:http')
const { tmpdir } = require('node:os')
const { join } = require('node:path')

const binary = process.env.BAI_BINARY
assert(binary, 'BAI_BINARY has to be the program to test')

/** Processes and folders that a test which failed has left. */
const left = new Set()
process.on('exit', () => {
  for (const server of left) {
    server.child.kill('SIGKILL')
    rmSync(server.folder, { recursive: true })
  }
})

class Server {
  /** A server with these settings, on a port that it keeps. */
  static async start(settings = {}) {
    const server = new Server()
    server.folder = mkdtempSync(join(tmpdir(), 'bai-clients-'))
    server.settings = settings
    server.listen = '127.0.0.1:0'
    await server.run()
    server.listen = server.base.replace('http://', '')
    return server
  }

  environment() {
    const outside = Object.entries(process.env).filter(([name]) => !name.startsWith('BAI_'))
    return { ...Object.fromEntries(outside), LC_ALL: 'C', BAI_SERVER__LISTEN: this.listen, BAI_PASSWORD__LOG_N: '4', ...this.settings }
  }

  async run() {
    this.child = spawn(binary, ['serve'], { cwd: this.folder, env: this.environment(), stdio: ['ignore', 'ignore', 'pipe'] })
    this.base = await new Promise((resolve, reject) => {
      let log = ''
      this.child.stderr.on('data', (bytes) => {
        log += bytes
        const found = /bai listens on (http[^ "]*)/.exec(log)
        if (found) resolve(found[1])
      })
      this.child.once('exit', () => reject(new Error(log)))
    })
    // A test that fails does not wait for it.
    this.child.unref()
    this.child.stderr.unref()
    left.add(this)
  }

  /** Ends the process; the database and the port are there for `run`. */
  async halt() {
    if (this.child.exitCode !== null) return
    const ended = new Promise((resolve) => this.child.once('exit', resolve))
    this.child.ref()
    this.child.kill('SIGTERM')
    await ended
  }

  async stop() {
    this.freeze(false)
    await this.halt()
    left.delete(this)
    rmSync(this.folder, { recursive: true })
  }

  /** Lets the process answer nothing, or go on. */
  freeze(is) {
    this.child.kill(is ? 'SIGSTOP' : 'SIGCONT')
  }

  /** A command of `bai`, by the database that runs. */
  command(...args) {
    return execFileSync(binary, args, { cwd: this.folder, env: this.environment(), stdio: ['ignore', 'pipe', 'pipe'] }).toString()
  }

  /** Requests of a route that were answered, as the server counts them. */
  async count(route) {
    const text = await (await fetch(`${this.base}/metrics`)).text()
    const lines = text.split('\n').filter((line) => line.startsWith('bai_http_request_seconds_count') && line.includes(`route="${route}"`))
    return lines.reduce((sum, line) => sum + Number(line.split(' ').pop()), 0)
  }
}

/** A server that answers as `answer` says: it is given method, path, headers and body, and gives status, headers and body, perhaps after a while. */
async function stub(answer) {
  const server = http.createServer((request, response) => {
    const parts = []
    request.on('data', (part) => parts.push(part)).on('end', async () => {
      const { status = 200, headers = {}, body = '', after = 0 } = answer(request.method, request.url, request.headers, Buffer.concat(parts).toString())
      await new Promise((resolve) => setTimeout(resolve, after))
      const isText = typeof body === 'string'
      response.writeHead(status, { 'content-type': isText ? 'text/html' : 'application/json', ...headers })
      response.end(isText ? body : JSON.stringify(body))
    })
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  server.unref()
  server.base = `http://127.0.0.1:${server.address().port}`
  server.stop = () => {
    server.closeAllConnections()
    return new Promise((resolve) => server.close(resolve))
  }
  return server
}

module.exports = { Server, stub }
