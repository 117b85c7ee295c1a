// clients/miniprogram/bai.js with a `wx` that behaves as documented, against a running bai: BAI_BINARY=bai node --test tests/clients/
'use strict'

const assert = require('node:assert/strict')
const { mkdtempSync, rmSync, writeFileSync } = require('node:fs')
const { tmpdir } = require('node:os')
const { join } = require('node:path')
const { after, before, describe, test } = require('node:test')

const { createBai, BaiError } = require('../../clients/miniprogram/bai.js')
const { png } = require('./picture.cjs')
const { Server, stub } = require('./server.cjs')
const { Wx } = require('./wx.cjs')

const FIFTY = Array.from({ length: 50 }, (_, number) => number)
const PICTURE = 'https://example.com/a.png'
const FULL = 'exceed storage max size 10Mb'

let users = 0
let phones = 13900000000

/** A phone with the kit; each is another user of WeChat's. */
function phone(base, more = {}, wx = new Wx(`u${process.pid}-${(users += 1)}`)) {
  return { wx, bai: createBai({ baseUrl: base, wx, timeout: 5000, ...more }) }
}

/** The same phone after the mini-program was closed: only its storage is left. */
function restarted(base, { wx }, more = {}) {
  return phone(base, more, new Wx(`${wx.who}-again`, { storage: wx.storage }))
}

function code() {
  return String((phones += 1))
}

async function errorOf(promise) {
  const error = await promise.then((value) => assert.fail(`no error, but ${JSON.stringify(value)}`), (error) => error)
  assert(error instanceof BaiError, error)
  assert.match(error.message, /[\u4e00-\u9fff]/, 'people read Chinese')
  assert.doesNotMatch(error.message, /undefined|\[object/)
  return error
}

async function kindOf(promise) {
  return (await errorOf(promise)).kind
}

/** The answers of fifty calls at once, every other one a write. */
function fifty(bai) {
  return Promise.allSettled(FIFTY.map((number) => (number % 2 ? bai.me() : bai.updateProfile({ name: `N${number}` }))))
}

function allDone(settled) {
  const failed = settled.filter((one) => one.status === 'rejected')
  assert.deepEqual(failed.map((one) => one.reason), [])
}

function sleep(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}

/** The phone's clock, this far from the right time, while `work` runs. */
async function withClock(offset, work) {
  const real = Date.now
  Date.now = () => real() + offset
  try {
    return await work()
  } finally {
    Date.now = real
  }
}

const YEAR = 365 * 24 * 3600 * 1000

test('a client without an address is refused in Chinese', async () => {
  for (const options of [undefined, {}, { baseUrl: '' }, { baseUrl: 1 }]) {
    const made = Promise.resolve().then(() => createBai(Object.assign({ wx: {} }, options)))
    assert.equal(await kindOf(made), 'options')
  }
})

describe('a server as it comes', () => {
  let server
  before(async () => (server = await Server.start()))
  after(() => server.stop())

  test('the first call logs in, and the next start does not', async () => {
    const first = phone(server.base)
    const me = await first.bai.me()
    assert.deepEqual([me.openid, me.isActive, me.isComplete, me.type], [`o_${first.wx.who}`, true, false, '游客'])
    const again = restarted(server.base, first)
    assert.equal((await again.bai.me()).id, me.id)
    assert.deepEqual([first.wx.told.codes, again.wx.told.codes], [1, 0])
  })

  test('login says whether the user is new, and fifty at once are one', async () => {
    const { wx, bai } = phone(server.base)
    const logins = await Promise.all(FIFTY.map(() => bai.login()))
    assert(logins.every((login) => login.isNew && !login.isComplete))
    assert.equal(wx.told.codes, 1)
    assert.equal((await bai.login()).isNew, false)
    assert.equal(wx.told.codes, 2)
  })

  test('fifty calls at once of a new phone make one login, and never more than ten requests at a time', async () => {
    const before = await server.count('/api/wechat/login')
    const { wx, bai } = phone(server.base)
    allDone(await fifty(bai))
    assert.equal(wx.told.codes, 1)
    assert.equal((await server.count('/api/wechat/login')) - before, 1)
    assert.equal(wx.told.most, 10)
  })

  test('fifty calls at once over a revoked token make one login', async () => {
    const { wx, bai } = phone(server.base)
    const { id } = await bai.me()
    server.command('user', 'revoke', id)
    allDone(await fifty(bai))
    assert.equal(wx.told.codes, 2)
    const logins = wx.told.sent.filter((path) => path === 'POST /api/wechat/login')
    assert.equal(logins.length, 2)
  })

  test('a revoked token is noticed by each kind of call', async () => {
    const { wx, bai } = phone(server.base)
    const { id } = await bai.updateProfile({ name: '张三', picture: PICTURE })
    const calls = [
      () => bai.me(),
      () => bai.updateProfile({ name: '李四' }),
      () => bai.bindPhone({ detail: { code: code() } }),
      () => bai.request('/api/system/refresh-token', { method: 'POST', data: {} }),
    ]
    for (const call of calls) {
      const codes = wx.told.codes
      server.command('user', 'revoke', id)
      await call()
      assert.equal(wx.told.codes, codes + 1, String(call))
    }
  })

  test('a disabled user is told so once for many calls, and is let in again when enabled', async () => {
    const { wx, bai } = phone(server.base)
    const { id } = await bai.me()
    server.command('user', 'disable', id)
    const settled = await fifty(bai)
    assert.deepEqual([...new Set(settled.map((one) => one.reason.kind))], ['disabled'])
    assert.match(settled[0].reason.message, /账号已停用/)
    assert.equal(wx.told.codes, 2)
    assert.equal(wx.storage.size, 0)
    server.command('user', 'enable', id)
    assert.equal((await bai.me()).id, id)
  })

  test('a profile goes by a batch, and both envelopes give one form of user', async () => {
    const { wx, bai } = phone(server.base)
    const patched = await bai.updateProfile({ name: '张三', picture: PICTURE })
    assert(wx.told.sent.includes('POST /api/batch'))
    assert.deepEqual([patched.name, patched.picture, patched.isComplete], ['张三', PICTURE, false])
    const complete = await bai.bindPhone({ detail: { code: code() } })
    const record = await bai.me()
    const { user } = await bai.login()
    assert(complete.isComplete && complete.raw.pb_id && record.raw.collectionId)
    for (const [name, value] of Object.entries(record)) {
      if (name === 'raw') continue
      assert.notEqual(value, undefined, name)
      assert.deepEqual([complete[name], user[name]], [value, value], name)
    }
    assert.equal(record.phoneMasked, complete.raw.users_phone_masked)
  })

  test('name, picture and phone go at once, and what is missing costs no code', async () => {
    const { wx, bai } = phone(server.base)
    assert.equal(await kindOf(bai.bindPhone({ detail: { code: code() } })), 'incomplete')
    assert(!wx.told.sent.includes('POST /api/wechat/profile'))
    const user = await bai.updateProfile({ name: '张三', picture: PICTURE, phoneCode: code() })
    assert.equal(user.isComplete, true)
    const other = await bai.bindPhone({ detail: { code: code() } }, { name: '李四' })
    assert.deepEqual([other.name, other.picture], ['李四', PICTURE])
  })

  test('somebody who keeps the phone number, or whose mini-program may not ask, is told so', async () => {
    const { wx, bai } = phone(server.base)
    const denied = await errorOf(bai.bindPhone({ detail: { errMsg: 'getPhoneNumber:fail user deny' } }))
    assert.deepEqual([denied.kind, denied.message], ['denied', '未授权手机号'])
    const used = await errorOf(bai.bindPhone({ detail: { errno: 1400001, errMsg: 'getPhoneNumber:fail no quota' } }))
    assert.match(used.message, /次数已用完/)
    assert.deepEqual(wx.told.sent, [])
  })

  test('wrong fields are named in Chinese in both envelopes', async () => {
    const { bai } = phone(server.base)
    await bai.updateProfile({ name: '张三' })
    const batch = await errorOf(bai.updateProfile({ name: '', picture: 'wxfile://tmp_1.png' }))
    assert.deepEqual(batch.fields, { users_name: '昵称不能为空', users_picture: '头像格式不正确' })
    assert.deepEqual([batch.kind, batch.status, batch.code, batch.message], ['refused', 400, 'validation_required', '昵称不能为空'])
    const contract = await errorOf(bai.updateProfile({ name: '张三', picture: 'wxfile://tmp_1.png', phoneCode: code() }))
    assert.deepEqual([contract.status, contract.code, Object.keys(contract.fields)], [400, 400, ['users_picture']])
    assert.match(contract.message, /^头像不是别人能打开的图片地址/)
    const missing = await errorOf(bai.request('/api/wechat/profile', { method: 'POST', data: { users_name: 'x', users_phone_code: '1' } }))
    assert.deepEqual(missing.fields, { users_picture: '缺少必填头像' })
    const unknown = await errorOf(bai.request('/api/wechat/login', { method: 'POST', data: {} }))
    assert.match(unknown.message, /^缺少必填字段 users_wx_code/)
    assert.equal(await kindOf(bai.request('/api/collections/none/records')), 'notFound')
    assert.equal(await kindOf(bai.request('/api/backups')), 'forbidden')
  })

  test('a phone of somebody else, and a code that is used up, are the server\'s words', async () => {
    const taken = code()
    const one = phone(server.base)
    await one.bai.updateProfile({ name: '张三', picture: PICTURE, phoneCode: taken })
    const other = phone(server.base)
    const error = await errorOf(other.bai.updateProfile({ name: '李四', picture: PICTURE, phoneCode: taken }))
    assert.match(error.message, /手机号已被注册/)
    const used = await errorOf(other.bai.updateProfile({ name: '李四', picture: PICTURE, phoneCode: 'used' }))
    assert.match(used.message, /微信 code 无效/)
    assert.equal(other.wx.told.codes, 1)
  })

  test('a login code that is refused gets one new code and no more', async () => {
    const { wx, bai } = phone(server.base)
    wx.faults.code = (number) => (number === 1 ? 'bad' : `${wx.who}~${number}`)
    assert.equal((await bai.login()).isNew, true)
    assert.equal(wx.told.codes, 2)
    wx.faults.code = () => 'used'
    const error = await errorOf(bai.login())
    assert.deepEqual([error.status, wx.told.codes], [400, 4])
    assert.match(error.message, /微信 code 无效/)
  })

  test('a phone on which wx.login fails is told so', async () => {
    const { wx, bai } = phone(server.base)
    wx.faults.login = 'login:fail something'
    assert.equal(await kindOf(bai.me()), 'login')
    wx.faults.login = 'login:fail timeout'
    assert.equal(await kindOf(bai.me()), 'timeout')
    wx.faults.login = ''
    await bai.me()
  })

  test('a full storage costs a login at the next start and nothing else', async () => {
    const one = phone(server.base)
    one.wx.faults.storage = FULL
    allDone(await fifty(one.bai))
    await one.bai.me()
    assert.equal(one.wx.told.codes, 1)
    const again = restarted(server.base, one)
    await again.bai.me()
    assert.equal(again.wx.told.codes, 1)
  })

  test('a storage with something else in it is no token', async () => {
    for (const data of ['', 'text', null, { token: 7 }, { token: '' }, { token: 'pb.x.y' }, { token: 'pb.8J+YgA.y', skew: 'x' }]) {
      const wx = new Wx(`s${process.pid}-${(users += 1)}`, { storage: new Map([[`bai:${server.base}`, data]]) })
      await phone(server.base, {}, wx).bai.me()
      assert.equal(wx.told.codes, 1, JSON.stringify(data))
    }
  })

  test('each server has a token of its own in the storage', async () => {
    const one = phone(server.base)
    await one.bai.me()
    const other = phone(server.base.replace('127.0.0.1', 'localhost'), {}, one.wx)
    await other.bai.me()
    assert.equal(one.wx.told.codes, 2)
    assert.deepEqual([...one.wx.storage.keys()].length, 2)
  })

  test('logout forgets the token, and the next call logs in', async () => {
    const one = phone(server.base)
    await one.bai.me()
    await one.bai.logout()
    assert.equal(one.wx.storage.size, 0)
    const again = restarted(server.base, one)
    await again.bai.logout()
    assert.deepEqual(again.wx.told.sent, [])
    await one.bai.me()
    assert.equal(one.wx.told.codes, 2)
  })

  test('a logout during a login outlasts it', async () => {
    const { wx, bai } = phone(server.base)
    const login = bai.login()
    await bai.logout()
    await login
    await sleep(20)
    assert.equal(wx.storage.size, 0)
  })

  test('a network that is gone is told, and one that is back needs no login', async () => {
    const own = await Server.start()
    const { wx, bai } = phone(own.base)
    await bai.me()
    await own.halt()
    const error = await errorOf(bai.updateProfile({ name: '张三' }))
    assert.deepEqual([error.kind, error.status], ['network', 0])
    await own.run()
    assert.equal((await bai.updateProfile({ name: '张三' })).name, '张三')
    assert.equal(wx.told.codes, 1)
    await own.stop()
  })

  test('a server that does not answer is a time-out, and its write is sent once', async () => {
    const own = await Server.start()
    const { wx, bai } = phone(own.base, { timeout: 2000 })
    await bai.me()
    const before = wx.told.sent.length
    own.freeze(true)
    assert.equal(await kindOf(bai.updateProfile({ name: '张三' })), 'timeout')
    assert.equal(wx.told.sent.length, before + 1)
    own.freeze(false)
    await bai.me()
    assert.equal(wx.told.codes, 1)
    await own.stop()
  })

  test('a login during which the network is gone is tried again by the next call', async () => {
    const own = await Server.start()
    await own.halt()
    const { wx, bai } = phone(own.base)
    const settled = await fifty(bai)
    assert.deepEqual([...new Set(settled.map((one) => one.reason.kind))], ['network'])
    assert.equal(wx.told.codes, 1)
    await own.run()
    allDone(await fifty(bai))
    assert.equal(wx.told.codes, 2)
    await own.stop()
  })

  test('a phone whose clock is a year off logs in no more often than others', async () => {
    for (const offset of [YEAR, -YEAR]) {
      for (const headers of [true, false]) {
        await withClock(offset, async () => {
          const one = phone(server.base)
          one.wx.faults.headers = headers
          await one.bai.me()
          await one.bai.updateProfile({ name: '张三' })
          await one.bai.me()
          assert.equal(one.wx.told.codes, 1, `${offset} ${headers}`)
          const again = restarted(server.base, one)
          await again.bai.me()
          const logins = headers || offset < 0 ? 0 : 1
          assert.equal(again.wx.told.codes, logins, `${offset} ${headers}`)
        })
      }
    }
  })

  test('calls without a token of the kit are not logged in, nor repeated', async () => {
    const { wx, bai } = phone(server.base)
    const answer = await bai.request('/api/system/health', { method: 'POST', data: {}, token: false })
    assert.equal(answer.code, 200)
    const header = { authorization: 'Bearer pb.of-another' }
    assert.equal(await kindOf(bai.request('/api/system/refresh-token', { method: 'POST', data: {}, header })), 'auth')
    assert.deepEqual([wx.told.codes, wx.told.sent.length], [0, 2])
  })

  test('the token is given to calls that do not go through the kit', async () => {
    const { bai } = phone(server.base)
    const token = await bai.token()
    const answer = await fetch(`${server.base}/api/system/refresh-token`, { method: 'POST', headers: { authorization: token } })
    assert.equal(answer.status, 200)
  })
})

describe('tokens that end soon', () => {
  // Shorter than what the kit renews ahead of time, so that the kit cannot tell, and the server does.
  test('fifty calls at once over an expired token make one login', async () => {
    const server = await Server.start({ BAI_TOKEN__LIFETIME: '4s' })
    const { wx, bai } = phone(server.base)
    await bai.me()
    await sleep(5100)
    allDone(await fifty(bai))
    assert.equal(wx.told.codes, 2)
    assert.equal(await server.count('/api/wechat/login'), 2)
    await server.stop()
  })

  test('a token that is about to end is not sent: fifty calls are one login and fifty requests', async () => {
    const server = await Server.start({ BAI_TOKEN__LIFETIME: '12s' })
    const { wx, bai } = phone(server.base)
    await bai.me()
    const before = wx.told.sent.length
    await bai.me()
    assert.equal(wx.told.codes, 1)
    await sleep(8100)
    allDone(await fifty(bai))
    assert.equal(wx.told.codes, 2)
    assert.equal(wx.told.sent.length, before + 1 + 1 + 50)
    assert.equal(await server.count('/api/wechat/login'), 2)
    await server.stop()
  })
})

describe('limits', () => {
  let server
  before(async () => (server = await Server.start({ BAI_LIMITS__DUPLICATE_WINDOW: '2s' })))
  after(() => server.stop())

  test('a short wait is waited for, with a new code for the login', async () => {
    const { wx, bai } = phone(server.base)
    wx.faults.code = (number) => `${wx.who}~${Math.max(number, 2)}`
    await bai.login()
    const started = Date.now()
    await bai.login()
    assert(Date.now() - started >= 900)
    assert.equal(wx.told.codes, 3)
  })

  test('a long wait is an error that says how long', async () => {
    const { wx, bai } = phone(server.base)
    await bai.updateProfile({ name: '张三', picture: PICTURE })
    for (let times = 0; times < 5; times += 1) await bai.bindPhone({ detail: { code: code() } })
    const before = wx.told.sent.length
    const error = await errorOf(bai.bindPhone({ detail: { code: code() } }))
    assert.deepEqual([error.kind, error.status], ['tooMany', 429])
    assert(error.retryAfter > 3 && error.retryAfter <= 3600, String(error.retryAfter))
    assert.match(error.message, /尝试次数过多/)
    assert.equal(wx.told.sent.length, before + 1)
  })

  test('WeChat\'s quota, used up, is an error of the login', async () => {
    const { wx, bai } = phone(server.base)
    wx.faults.code = () => 'quota'
    const error = await errorOf(bai.me())
    assert.deepEqual([error.kind, error.retryAfter > 3], ['tooMany', true])
    assert.equal(wx.told.codes, 1)
  })
})

describe('servers that are not well', () => {
  const LOGIN = (token) => ({ body: { token, meta: { data: { status: 'login_success', user: { pb_id: 'x', users_status: 1 } } } } })

  async function withStub(answer, work, more) {
    const server = await stub(answer)
    const one = phone(server.base, more)
    await work(one).finally(() => server.stop())
  }

  test('a new token that is refused as well is an error, not a loop', async () => {
    const refused = { status: 401, body: { code: 401, msg: 'token 无效', data: {}, message: 'token 无效' } }
    const answer = (method, path) => (path === '/api/wechat/login' ? LOGIN('pb.e30.x') : refused)
    await withStub(answer, async ({ wx, bai }) => {
      const settled = await Promise.allSettled(FIFTY.map(() => bai.request('/api/mine')))
      assert.deepEqual([...new Set(settled.map((one) => one.reason.kind))], ['auth'])
      // The first login, and one for all that were refused.
      assert.equal(wx.told.codes, 2)
      assert.equal(wx.told.sent.length, 2 + 100)
    })
  })

  test('a token that is refused late, after a login that others caused, causes none', async () => {
    for (const isDisabled of [false, true]) {
      let logins = 0
      const answer = (method, path, { authorization }) => {
        if (path === '/api/wechat/login') {
          logins += 1
          return logins > 1 && isDisabled ? { status: 401, body: { code: 401, msg: '账号已停用' } } : LOGIN(`pb.e30.${logins}`)
        }
        if (authorization !== 'Bearer pb.e30.1') return { body: {} }
        return { status: 401, body: { code: 401, msg: 'x' }, after: path === '/slow' ? 300 : 0 }
      }
      await withStub(answer, async ({ wx, bai }) => {
        await bai.ready()
        const settled = await Promise.allSettled([bai.request('/slow'), bai.request('/fast')])
        assert.equal(wx.told.codes, 2)
        const outcome = isDisabled ? ['disabled', 'disabled'] : [undefined, undefined]
        assert.deepEqual(settled.map((one) => one.reason && one.reason.kind), outcome)
      })
    }
  })

  test('a call outlasts a logout, and does not undo it', async () => {
    let logins = 0
    const answer = (method, path, { authorization }) => {
      if (path === '/api/wechat/login') return LOGIN(`pb.e30.${(logins += 1)}`)
      return authorization === 'Bearer pb.e30.1' ? { status: 401, after: 300 } : { body: { by: authorization } }
    }
    await withStub(answer, async ({ wx, bai }) => {
      await bai.ready()
      const slow = bai.request('/slow')
      await sleep(100)
      await bai.login()
      await bai.logout()
      assert.deepEqual(await slow, { by: 'Bearer pb.e30.2' })
      const early = bai.request('/early')
      await bai.logout()
      assert.deepEqual(await early, { by: 'Bearer pb.e30.3' })
      assert.deepEqual([logins, wx.storage.size], [3, 0])
    })
  })

  test('claims of a token are read whatever is in them', async () => {
    for (const alphabet of ['base64', 'base64url']) {
      for (const name of ['', '张三', '🐼~~~???>>>', '~~?>', '??~>?']) {
        const claims = Buffer.from(JSON.stringify({ name, id: 'abc' })).toString(alphabet)
        const answer = (method, path) => (path === '/api/wechat/login' ? LOGIN(`pb.${claims}.x`) : { body: { id: path } })
        await withStub(answer, async ({ bai }) => {
          assert.equal((await bai.me()).id, '/api/collections/tbl_auth_users/records/abc')
        })
      }
    }
  })

  test('503 with a short Retry-After is asked again, twice at most', async () => {
    let asked = 0
    const busy = { status: 503, headers: { 'Retry-After': '1' }, body: { data: {}, message: 'x', status: 503 } }
    const answer = (method, path) => {
      if (path === '/api/wechat/login') return LOGIN('pb.e30.x')
      asked += 1
      return asked === 2 ? { body: { well: true } } : busy
    }
    await withStub(answer, async ({ bai }) => {
      assert.deepEqual(await bai.request('/api/mine', { method: 'POST', data: {} }), { well: true })
      const error = await errorOf(bai.request('/api/mine'))
      assert.deepEqual([error.kind, error.retryAfter, asked], ['busy', 1, 5])
    })
  })

  test('503 without Retry-After, and 500, are not asked again', async () => {
    let status = 503
    let asked = 0
    const answer = (method, path) => (path === '/api/wechat/login' ? LOGIN('pb.e30.x') : ((asked += 1), { status, body: '<html>502</html>' }))
    await withStub(answer, async ({ bai }) => {
      assert.equal(await kindOf(bai.request('/api/mine', { method: 'POST' })), 'busy')
      status = 502
      const error = await errorOf(bai.request('/api/mine'))
      assert.deepEqual([error.kind, error.status, error.detail, asked], ['server', 502, '<html>502</html>', 2])
    })
  })

  test('a page of somebody else\'s in the place of an answer is an error', async () => {
    await withStub(() => ({ body: '<html>please pay</html>' }), async ({ wx, bai }) => {
      assert.equal(await kindOf(bai.me()), 'server')
      assert.equal(wx.storage.size, 0)
    })
    const answer = (method, path) => (path === '/api/wechat/login' ? LOGIN('pb.e30.x') : { body: '<html></html>' })
    await withStub(answer, async ({ bai }) => {
      for (const call of [bai.me(), bai.updateProfile({ name: 'a' }), bai.bindPhone({ detail: { code: 'x' } }, { name: 'a', picture: 'b' })]) {
        assert.equal(await kindOf(call), 'server')
      }
    })
  })

  test('a domain that is not entered at WeChat\'s is named as the cause', async () => {
    const { wx, bai } = phone('http://127.0.0.1:1')
    wx.request = ({ fail }) => setTimeout(() => fail({ errno: 600002, errMsg: 'request:fail url not in domain list' }))
    const error = await errorOf(bai.me())
    assert.deepEqual([error.kind, error.code], ['domain', 600002])
  })
})

describe('avatars', () => {
  let folder, file
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'bai-avatars-'))
    file = join(folder, 'tmp_1.jpg')
    writeFileSync(file, 'large')
    writeFileSync(`${file}.smaller`, 'small but no picture')
  })
  after(() => rmSync(folder, { recursive: true }))

  const LOGIN = { body: { token: 'pb.e30.x', meta: { data: { status: 'login_success', user: { pb_id: 'x' } } } } }

  async function upload(answers, path = file, break_ = () => {}) {
    const server = await stub((method, url, headers) => {
      if (url === '/api/wechat/login') return LOGIN
      assert.equal(`${method} ${url}`, 'POST /api/files/avatar')
      assert.match(headers['content-type'], /^multipart\/form-data/)
      assert.equal(headers.authorization, 'Bearer pb.e30.x')
      return answers.shift()
    })
    const one = phone(server.base)
    break_(one.wx)
    const outcome = await one.bai.uploadAvatar(path).catch((error) => error)
    await server.stop()
    return { outcome, wx: one.wx }
  }

  const URL_ = { body: { url: PICTURE } }
  const LARGE = { status: 400, body: { data: { file: { code: 'validation_file_size_limit', message: 'x' } }, message: 'x', status: 400 } }

  test('a picture is uploaded, and its address comes back', async () => {
    const { outcome, wx } = await upload([URL_])
    assert.deepEqual([outcome, wx.told.uploads, wx.told.compressed], [PICTURE, [file], []])
  })

  test('one that is too large is made smaller, once', async () => {
    for (const large of [LARGE, { status: 413, body: '<html>' }]) {
      const { outcome, wx } = await upload([large, URL_])
      assert.deepEqual([outcome, wx.told.uploads, wx.told.compressed], [PICTURE, [file, `${file}.smaller`], [file]])
    }
    const { outcome } = await upload([LARGE, LARGE])
    assert.deepEqual([outcome.kind, outcome.message], ['refused', '图片太大'])
    const without = await upload([{ status: 413 }], file, (wx) => (wx.compressImage = undefined))
    assert.equal(without.outcome.kind, 'tooLarge')
  })

  test('a token that is refused is renewed for an upload, too', async () => {
    const { outcome, wx } = await upload([{ status: 401, body: { data: {}, message: 'x', status: 401 } }, URL_])
    assert.deepEqual([outcome, wx.told.codes], [PICTURE, 2])
  })

  test('a file that is gone, and an answer without an address, are errors', async () => {
    assert.equal((await upload([], join(folder, 'none'))).outcome.kind, 'file')
    assert.equal((await upload([], '')).outcome.kind, 'file')
    assert.equal((await upload([{ body: '<html>' }])).outcome.kind, 'server')
    assert.equal((await upload([{ status: 507, body: { data: {}, message: 'x', status: 507 } }])).outcome.kind, 'full')
  })

  /** The picture that `bindPhone` sends after an upload by the user `x` with this picture. */
  async function bound(picture, url) {
    const user = { pb_id: 'x', users_name: '张三', users_picture: picture }
    let sent
    const server = await stub((method, path, headers, body) => {
      if (path === '/api/files/avatar') return { body: { url } }
      if (path === '/api/wechat/profile') sent = JSON.parse(body).users_picture
      return path === '/api/wechat/login' ? { body: { token: 'pb.e30.x', meta: { data: { user } } } } : { body: { data: { user } } }
    })
    const { bai } = phone(server.base)
    const before = (await bai.login()).user
    assert.equal(await bai.uploadAvatar(file), url)
    await bai.bindPhone({ detail: { code: code() } })
    await server.stop()
    assert.equal(before.picture, picture, 'what the mini-program was given stays as it is')
    return sent
  }

  test('a picture that led to the one before an upload is sent with the new name, and any other as it is', async () => {
    const folder_ = 'https://a.example/pb/api/files/tbl_auth_users'
    const uploaded = `${folder_}/x/new.png`
    assert.equal(await bound(`${folder_}/x/old.png`, uploaded), uploaded)
    assert.equal(await bound('https://a.example/api/files/pbc_1/x/old.png?thumb=100x100', uploaded), 'https://a.example/api/files/pbc_1/x/new.png?thumb=100x100')
    for (const other of [PICTURE, `${folder_}/y/old.png`, `https://b.example/?at=/api/files/c/x/old.png`]) assert.equal(await bound(other, uploaded), other)
  })

  test('bai has the picture that the phone is bound with after another upload', async () => {
    const server = await Server.start()
    const { bai } = phone(server.base)
    const small = join(folder, 'small.png')
    writeFileSync(small, png(50))
    const first = await bai.uploadAvatar(small)
    await bai.updateProfile({ name: '张三', picture: first })
    const second = await bai.uploadAvatar(small)
    assert.notEqual(first, second)
    assert.equal((await bai.bindPhone({ detail: { code: code() } })).picture, second)
    const statuses = await Promise.all([first, second].map(async (url) => (await fetch(url)).status))
    assert.deepEqual(statuses, [404, 200])
    await server.stop()
  })

  test('bai stores the picture, also one that is too large at first, and shows it to everybody', async () => {
    const server = await Server.start()
    const { wx, bai } = phone(server.base)
    const large = join(folder, 'large.png')
    writeFileSync(large, png(400))
    writeFileSync(`${large}.smaller`, png(100))
    writeFileSync(file, 'no picture')
    const picture = await bai.uploadAvatar(large)
    assert.deepEqual(wx.told.compressed, [large])
    assert.equal((await bai.updateProfile({ name: '张三', picture })).picture, picture)
    assert.equal((await bai.bindPhone({ detail: { code: code() } })).picture, picture)
    const shown = await fetch(picture)
    assert.deepEqual([shown.status, shown.headers.get('content-type')], [200, 'image/png'])
    const error = await errorOf(bai.uploadAvatar(join(folder, 'tmp_1.jpg')))
    assert.deepEqual([error.kind, error.message], ['refused', '图片格式不支持'])
    await server.stop()
  })
})
