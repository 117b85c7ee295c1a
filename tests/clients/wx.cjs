// A `wx` that behaves as WeChat documents it: callbacks come later, every HTTP status is a success, requests beyond ten at once wait,
// and a storage may be full. What a test wants to know or to break is in `told` and `faults`.
'use strict'

const { readFileSync } = require('node:fs')

const MOST_AT_ONCE = 10

class Wx {
  constructor(who, { storage, clock } = {}) {
    this.who = who
    this.storage = storage || new Map()
    this.clock = clock || (() => Date.now())
    this.told = { codes: 0, sent: [], most: 0, uploads: [], compressed: [] }
    this.faults = { storage: '', code: null, login: '', stall: '', headers: true, parallel: true }
    this.running = 0
    this.waiting = []
    // As an app may take them off the object.
    for (const name of ['request', 'uploadFile', 'login', 'setStorage', 'getStorage', 'removeStorage', 'compressImage']) this[name] = this[name].bind(this)
  }

  request(options) {
    if (options.method === 'PATCH') return later(options.fail, { errMsg: 'request:fail invalid method' })
    const body = options.data === undefined || options.method === 'GET' ? undefined : JSON.stringify(options.data)
    const headers = { 'content-type': 'application/json', ...options.header }
    const read = async (answer) => ({ data: asJson(await answer.text()), errMsg: 'request:ok' })
    this.queue('request', options, () => fetch(options.url, { ...limit(options), method: options.method, headers, body }), read)
  }

  uploadFile(options) {
    this.told.uploads.push(options.filePath)
    let file
    try {
      file = new Blob([readFileSync(options.filePath)], { type: 'image/jpeg' })
    } catch {
      return later(options.fail, { errMsg: 'uploadFile:fail file not found' })
    }
    const form = new FormData()
    form.append(options.name, file, 'tmp_1.jpg')
    const read = async (answer) => ({ data: await answer.text(), errMsg: 'uploadFile:ok' })
    this.queue('uploadFile', options, () => fetch(options.url, { ...limit(options), method: 'POST', headers: options.header, body: form }), read)
  }

  /** Ten at once; the others wait, as they do since base library 1.4.0. */
  queue(name, options, ask, read) {
    this.waiting.push(async () => {
      this.running += 1
      this.told.most = Math.max(this.told.most, this.running)
      this.told.sent.push(`${options.method || 'POST'} ${new URL(options.url).pathname}`)
      await this.answer(name, options, ask, read)
      this.running -= 1
      this.next()
    })
    this.next()
  }

  next() {
    if (this.running < MOST_AT_ONCE && this.waiting.length > 0) this.waiting.shift()()
  }

  async answer(name, options, ask, read) {
    if (this.faults.stall && options.url.includes(this.faults.stall)) {
      await new Promise((resolve) => setTimeout(resolve, options.timeout))
      return later(options.fail, { errno: 5, errMsg: `${name}:fail timeout` })
    }
    try {
      const answer = await ask()
      const header = Object.fromEntries([...answer.headers].map(([key, value]) => [key.replace(/\b[a-z]/g, (letter) => letter.toUpperCase()), value]))
      const told = { statusCode: answer.status, ...(await read(answer)) }
      later(options.success, this.faults.headers ? { ...told, header } : told)
    } catch (error) {
      const why = error.name === 'TimeoutError' ? { errno: 5, errMsg: `${name}:fail timeout` } : { errno: 600001, errMsg: `${name}:fail errcode:-102 cronet_error_code:-102 error_msg:net::ERR_CONNECTION_REFUSED` }
      later(options.fail, why)
    }
  }

  login({ success, fail } = {}) {
    this.told.codes += 1
    if (this.faults.login) return later(fail, { errMsg: this.faults.login })
    const code = this.faults.code ? this.faults.code(this.told.codes) : `${this.who}~${this.told.codes}`
    later(success, { code, errMsg: 'login:ok' })
  }

  setStorage({ key, data, success, fail } = {}) {
    if (this.faults.storage) return later(fail, { errMsg: `setStorage:fail ${this.faults.storage}` })
    this.storage.set(key, JSON.parse(JSON.stringify(data)))
    later(success, { errMsg: 'setStorage:ok' })
  }

  getStorage({ key, success, fail } = {}) {
    if (this.faults.storage || !this.storage.has(key)) return later(fail, { errMsg: 'getStorage:fail data not found' })
    later(success, { data: JSON.parse(JSON.stringify(this.storage.get(key))), errMsg: 'getStorage:ok' })
  }

  removeStorage({ key, success } = {}) {
    this.storage.delete(key)
    later(success, { errMsg: 'removeStorage:ok' })
  }

  compressImage({ src, success } = {}) {
    this.told.compressed.push(src)
    later(success, { tempFilePath: `${src}.smaller`, errMsg: 'compressImage:ok' })
  }
}

/** Callbacks may be left out, and none comes before the call has returned. */
function later(callback, value) {
  if (callback) setTimeout(() => callback(value), 1)
}

function limit({ timeout = 60000 }) {
  return { signal: AbortSignal.timeout(timeout) }
}

function asJson(text) {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

module.exports = { Wx }
