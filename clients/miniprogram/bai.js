// A client of bai for WeChat mini-programs: one file, no dependencies, ES2017. clients/README.md says how to use it.
'use strict'

const USERS = '/api/collections/tbl_auth_users'

/** Milliseconds before its end in which a token is renewed rather than sent. */
const MARGIN = 5000

const DEFAULTS = { timeout: 15000, maxWait: 3, maxWaits: 2 }

/** Texts by kind of error, where the server has said none in Chinese. */
const KINDS = {
  options: '创建客户端时缺少 baseUrl，请填写服务器地址',
  network: '网络不可用，请检查网络后重试',
  timeout: '网络超时，请稍后重试',
  domain: '小程序后台没有配置该服务器域名',
  file: '找不到所选的文件，请重新选择',
  login: '无法从微信取得登录凭证，请稍后重试',
  auth: '登录已失效，请重新登录',
  disabled: '账号已停用，请联系管理员',
  forbidden: '没有权限进行此操作',
  notFound: '内容不存在，或无权查看',
  tooMany: '操作过于频繁，请稍后再试',
  tooLarge: '内容过大，请缩小后再试',
  refused: '提交的内容有误，请检查后重试',
  busy: '服务器繁忙，请稍后再试',
  full: '服务器空间不足，请联系管理员',
  server: '服务器出错，请稍后重试',
  denied: '未授权手机号',
  incomplete: '请先填写头像和昵称',
}

/** Kinds by HTTP status; others are `refused` below 500 and `server` above. */
const STATUSES = { 401: 'auth', 403: 'forbidden', 404: 'notFound', 408: 'timeout', 413: 'tooLarge', 429: 'tooMany', 503: 'busy', 507: 'full' }

/** PocketBase's words that people are told in others than those of the status. */
const WORDS = {
  'Failed to authenticate.': '账号或密码不正确',
  'Failed to update record.': '保存失败，请检查填写的内容',
  'Failed to create record.': '创建失败，请检查填写的内容',
}

const LABELS = { users_name: '昵称', users_picture: '头像', users_phone: '手机号', email: '邮箱', password: '密码', file: '图片' }

/** PocketBase's codes of wrong fields. */
const CODES = {
  validation_required: '不能为空',
  validation_invalid_format: '格式不正确',
  validation_invalid_mime_type: '格式不支持',
  validation_invalid_file: '无法使用，请换一张',
  validation_not_unique: '已被使用',
  validation_not_changeable: '不能修改',
  validation_min_text_constraint: '太短',
  validation_max_text_constraint: '太长',
  validation_length_out_of_range: '长度不正确',
  validation_content_size_limit: '太大',
  validation_file_size_limit: '太大',
  validation_invalid_old_password: '不正确',
  validation_values_mismatch: '与前一次输入不一致',
}

/** The one error: `kind` is for programs, `message` for people; the rest says more where there is more. */
class BaiError extends Error {
  constructor(kind, message, more) {
    super(message || KINDS[kind])
    Object.assign(this, { name: 'BaiError', kind, status: 0, code: '', fields: {}, retryAfter: 0, detail: null }, more)
  }
}

/** The error of a call of `wx` that failed: no server has answered. */
function failure(error, otherwise) {
  const text = String((error && error.errMsg) || error)
  const code = (error && error.errno) || ''
  let kind = otherwise || 'network'
  if (/time\s?out/i.test(text) || code === 5) kind = 'timeout'
  else if (/domain list/i.test(text)) kind = 'domain'
  else if (/no such file|file (is )?not (found|exist)|file doesn't exist/i.test(text)) kind = 'file'
  return new BaiError(kind, '', { code, detail: error })
}

function isOk(answer) {
  return answer.statusCode >= 200 && answer.statusCode < 300
}

function header(answer, name) {
  const headers = answer.header || {}
  const key = Object.keys(headers).find((key) => key.toLowerCase() === name)
  return key ? String(headers[key]) : ''
}

/** Seconds after which the server wants to be asked again; 0 without any. */
function retryAfter(answer) {
  const seconds = Number(header(answer, 'retry-after'))
  return seconds > 0 ? seconds : 0
}

/** The error that the server told: of a batch that of the request which failed. */
function told(answer) {
  const body = answer.data && typeof answer.data === 'object' ? answer.data : {}
  const requests = body.data && body.data.requests
  const failed = requests && requests[Object.keys(requests)[0]]
  return (failed && failed.response) || body
}

function statusOf(answer) {
  return isOk(answer) ? answer.statusCode : told(answer).status || answer.statusCode
}

/** The contract's words that name a field. */
const FIELD = /(?:缺少必填)?字段 (\w+) ?/

/** The contract's text with a word of people's in the place of a field's name. */
function labelled(msg) {
  return msg.replace(FIELD, (words, name) => (LABELS[name] ? words.replace(/字段 \w+ ?/, LABELS[name]) : words))
}

/** What is wrong with which field, in Chinese: the contract names it in its text, PocketBase's API in `data`. */
function fieldsOf(body) {
  const fields = {}
  const named = FIELD.exec(body.msg || '')
  if (named) fields[named[1]] = labelled(body.msg)
  for (const name of Object.keys(body.data || {})) {
    const code = body.data[name] && body.data[name].code
    if (code) fields[name] = (LABELS[name] || name) + (CODES[code] || '不正确')
  }
  return fields
}

/** The error of an answer, whichever of the two envelopes it has. */
function refusal(answer, as) {
  const body = told(answer)
  const status = statusOf(answer)
  const kind = as || STATUSES[status] || (status < 500 ? 'refused' : 'server')
  const fields = fieldsOf(body)
  const field = body.msg ? '' : fields[Object.keys(fields)[0]]
  const message = (body.msg && labelled(body.msg)) || field || WORDS[body.message] || ''
  const code = body.code || (field && body.data[Object.keys(fields)[0]].code) || status
  return new BaiError(kind, message, { status, code, fields, retryAfter: retryAfter(answer), detail: answer.data })
}

function bodyOf(answer) {
  if (!isOk(answer)) throw refusal(answer)
  return answer.data
}

/** One form for the contract's user and PocketBase's record. Something else is no answer of bai: a page of a proxy, say. */
function toUser(raw) {
  const id = raw && (raw.pb_id || raw.id)
  if (!id) throw new BaiError('server', '', { detail: raw })
  const [name, phone, picture] = [raw.users_name, raw.users_phone, raw.users_picture]
  return {
    id,
    openid: raw.openid,
    number: raw.users_id,
    name,
    phone,
    phoneMasked: masked(phone),
    picture,
    origin: raw.users_idtype,
    type: raw.users_type,
    level: raw.users_level,
    isActive: raw.users_status === 1,
    isComplete: !!(name && phone && picture),
    companyId: raw.company_id,
    created: raw.created,
    updated: raw.updated,
    raw,
  }
}

/** The phone number as bai masks it. */
function masked(phone) {
  if (!phone) return ''
  const head = phone[0] === '+' ? 4 : 3
  return phone.slice(0, head) + '****' + phone.slice(phone.length > head + 4 ? -4 : -2)
}

/** The claims of a token, `{id, exp, …}`: base64 and UTF-8 by hand, as a mini-program has neither `atob` nor `TextDecoder`. */
function claims(token) {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
  const text = (token.split('.')[1] || '').replace(/-/g, '+').replace(/_/g, '/').replace(/=+$/, '')
  let [held, bits, escaped] = [0, 0, '']
  for (const char of text) {
    held = ((held << 6) | alphabet.indexOf(char)) & 0xffff
    bits += 6
    if (bits < 8) continue
    bits -= 8
    escaped += '%' + ('0' + ((held >> bits) & 255).toString(16)).slice(-2)
  }
  try {
    return JSON.parse(decodeURIComponent(escaped)) || {}
  } catch (error) {
    return {}
  }
}

function sleep(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}

/** The reason why the phone button gave no code, where it is not the user's decision. */
function noPhone(detail) {
  if (detail.errno === 1400001) return '手机号验证次数已用完，请联系管理员'
  return /permission/i.test(detail.errMsg || '') ? '该小程序没有获取手机号的权限' : ''
}

/** The server's address without a slash at its end. */
function baseOf({ baseUrl }) {
  if (!baseUrl || typeof baseUrl !== 'string') throw new BaiError('options')
  return baseUrl.replace(/\/+$/, '')
}

/** An address of an own picture on the server: folder, name, and the rest. */
const OWN_PICTURE = /^([^?#]*?\/api\/files\/[^/?#]+\/([^/?#]+)\/)[^/?#]+([?#].*)?$/

/** The user after an upload: the server has put the new name into a picture that led to the one before. */
function withUploaded(user, url) {
  const [, folder, id, rest] = OWN_PICTURE.exec((user && user.picture) || '') || []
  if (!id || id !== user.id) return user
  const name = url.split(/[?#]/)[0].split('/').pop()
  return Object.assign({}, user, { picture: folder + name + (rest || '') })
}

/** A client of the server at `baseUrl`. */
function createBai(options) {
  const settings = Object.assign({}, DEFAULTS, options)
  const api = settings.wx || wx
  const base = baseOf(settings)
  const key = settings.storageKey || 'bai:' + base

  let session = null // { token, id, expires }; expires is the server's time, 0 if it says nothing
  let user = null // as the server last told it
  let skew = 0 // how far the server's clock is ahead of the phone's
  let loading = null // the look into the storage
  let pending = null // the login that runs
  let last = null // the one before
  let round = 0 // logins that have ended

  /** A call of `wx` as a promise. */
  function call(name, input) {
    return new Promise((resolve, reject) => api[name](Object.assign({}, input, { success: resolve, fail: reject })))
  }

  /** A request or an upload; resolves for every HTTP status. */
  async function send(name, path, input, token) {
    const headers = Object.assign({}, input.header, token ? { Authorization: 'Bearer ' + token } : {})
    const whole = Object.assign({ timeout: settings.timeout }, input, { url: base + path, header: headers })
    const answer = await call(name, whole).catch((error) => {
      throw failure(error)
    })
    const now = Date.parse(header(answer, 'date'))
    if (now) skew = now - Date.now()
    return Object.assign({}, answer, { data: name === 'uploadFile' ? parsed(answer.data) : answer.data })
  }

  /** The attempt, made again after a short `Retry-After` of 429 and 503. Nothing else is: what was not answered may have been done. */
  async function patiently(attempt) {
    for (let waits = 0; ; waits += 1) {
      const answer = await attempt()
      const wait = answer.statusCode === 429 || answer.statusCode === 503 ? retryAfter(answer) : 0
      if (!wait || wait > settings.maxWait || waits >= settings.maxWaits) return answer
      await sleep(wait * 1000 + Math.random() * 200)
    }
  }

  /** Whether the token looks valid. The phone's clock may be wrong, so that is a hint; the server knows. */
  function isFresh() {
    return !!session && (!session.expires || session.expires - MARGIN > Date.now() + skew)
  }

  function load() {
    if (!loading) loading = call('getStorage', { key }).then((found) => restore(found.data), () => {})
    return loading
  }

  function restore(data) {
    if (!data || typeof data.token !== 'string') return
    skew = Number(data.skew) || 0
    session = toSession(data.token)
  }

  function toSession(token) {
    const { id, exp } = claims(token)
    return { token, id, expires: exp > 0 ? exp * 1000 : 0 }
  }

  /** Keeps the session. A storage that is full, or fails, costs a login at the next start and nothing else. */
  function keep() {
    call('setStorage', { key, data: { token: session.token, skew } }).catch(() => {})
  }

  function forget() {
    session = null
    user = null
    call('removeStorage', { key }).catch(() => {})
  }

  /** One login, `{ session, result }`, for all who call while it runs, and for calls sent before it ended: `seen` is their `round`. */
  function renew(seen) {
    if (seen < round) return last
    if (!pending) {
      pending = exchange()
      pending.then(ended, ended)
    }
    return pending
  }

  function ended() {
    last = pending
    pending = null
    round += 1
  }

  async function exchange() {
    let answer = await patiently(sendCode)
    // The code may have been used, or be too old; another one decides.
    if (answer.statusCode === 400) answer = await patiently(sendCode)
    if (answer.statusCode === 401) forget()
    if (!isOk(answer)) throw refusal(answer, answer.statusCode === 401 ? 'disabled' : '')
    return open(answer.data)
  }

  async function sendCode() {
    const { code } = await call('login', { timeout: settings.timeout }).catch((error) => {
      throw failure(error, 'login')
    })
    return send('request', '/api/wechat/login', { method: 'POST', data: { users_wx_code: code } })
  }

  function open(body) {
    if (!body || !body.token || !body.meta) throw new BaiError('server', '', { detail: body })
    user = toUser(body.meta.data.user)
    session = toSession(body.token)
    // It is new: if it looks old, the clocks cannot be compared.
    if (!isFresh()) session.expires = 0
    keep()
    return { session, result: { user, isNew: body.meta.data.status === 'register_success', isComplete: user.isComplete } }
  }

  /** Whether the answer says that the token is not valid. PocketBase's API says so of the own record by 404. */
  function isRefused(answer, isOwn) {
    return answer.statusCode === 401 || (isOwn && statusOf(answer) === 404)
  }

  /** The attempt with a token, and once more after a login if the token was refused. */
  async function authorized(attempt, isOwn) {
    const sent = await current()
    const seen = round
    const answer = await patiently(() => attempt(sent))
    if (!isRefused(answer, isOwn)) return answer
    const renewed = (await renew(seen)).session
    return patiently(() => attempt(renewed))
  }

  /** The session to send with. One that a login opens is good for the calls that waited for it, also after a logout. */
  async function current() {
    await load()
    return isFresh() ? session : (await renew(round)).session
  }

  async function ready() {
    await current()
  }

  async function login() {
    await load()
    return (await renew(round)).result
  }

  async function request(path, input) {
    const given = input || {}
    const whole = { method: given.method || 'GET', data: given.data, header: given.header || {}, timeout: given.timeout || settings.timeout }
    const hasOwn = Object.keys(whole.header).some((name) => name.toLowerCase() === 'authorization')
    if (given.token === false || hasOwn) return bodyOf(await patiently(() => send('request', path, whole)))
    return bodyOf(await authorized((sent) => send('request', path, whole, sent.token), false))
  }

  async function token() {
    return (await current()).token
  }

  function recordPath(sent) {
    return USERS + '/records/' + sent.id
  }

  async function me() {
    const answer = await authorized((sent) => send('request', recordPath(sent), { method: 'GET' }, sent.token), true)
    user = toUser(bodyOf(answer))
    return user
  }

  async function updateProfile(change) {
    if (change.phoneCode) return completeProfile(change)
    const body = {}
    if (change.name !== undefined) body.users_name = change.name
    if (change.picture !== undefined) body.users_picture = change.picture
    const answer = await authorized((sent) => send('request', '/api/batch', patchOf(sent, body), sent.token), true)
    user = toUser((bodyOf(answer)[0] || {}).body)
    return user
  }

  /** A batch of one: `wx.request` has no PATCH. */
  function patchOf(sent, body) {
    return { method: 'POST', data: { requests: [{ method: 'PATCH', url: recordPath(sent), body }] } }
  }

  /** Name, picture and phone at once. What is missing is looked for first, as the code costs money. */
  async function completeProfile(change) {
    const known = change.name && change.picture ? {} : user || (await me())
    const data = { users_name: change.name || known.name, users_picture: change.picture || known.picture, users_phone_code: change.phoneCode }
    if (!data.users_name || !data.users_picture) throw new BaiError('incomplete')
    const answer = await authorized((sent) => send('request', '/api/wechat/profile', { method: 'POST', data }, sent.token), false)
    user = toUser((bodyOf(answer).data || {}).user)
    return user
  }

  async function bindPhone(event, profile) {
    const detail = (event && event.detail) || {}
    if (!detail.code) throw new BaiError('denied', noPhone(detail), { code: detail.errno || '', detail })
    return completeProfile(Object.assign({}, profile, { phoneCode: detail.code }))
  }

  async function uploadAvatar(filePath) {
    if (!filePath) throw new BaiError('file')
    let answer = await upload(filePath)
    if (answer.statusCode === 413 || answer.statusCode === 400) {
      const smaller = await compress(filePath)
      if (smaller) answer = await upload(smaller)
    }
    const { url } = bodyOf(answer) || {}
    if (!url) throw new BaiError('server', '', { detail: answer.data })
    user = withUploaded(user, url)
    return url
  }

  function upload(filePath) {
    return authorized((sent) => send('uploadFile', '/api/files/avatar', { filePath, name: 'file' }, sent.token), false)
  }

  /** A smaller picture in another temporary file; none if `wx` cannot make one. */
  function compress(src) {
    return call('compressImage', { src, quality: 80, compressedWidth: 512 }).then((made) => made.tempFilePath, () => '')
  }

  async function logout() {
    await load()
    await Promise.resolve(pending).catch(() => {})
    forget()
  }

  return { login, ready, request, token, me, updateProfile, bindPhone, uploadAvatar, logout }
}

function parsed(text) {
  try {
    return typeof text === 'string' ? JSON.parse(text) : text
  } catch (error) {
    return text
  }
}

module.exports = { createBai, BaiError }
