// @ts-check
// What both pages share: the address, errors in Chinese, and the form.

/** The address of bai: another one is `?bai=https://bai.example.com/pb`. */
export const BASE = new URLSearchParams(location.search).get('bai') ?? 'http://127.0.0.1:8090'

export const NO_NETWORK = '网络不可用，请检查网络后重试'

/** An error whose text is for people. */
export class ChineseError extends Error {}

/** @type {Record<string, string>} */
const LABELS = { users_name: '昵称', users_picture: '头像', users_phone: '手机号', password: '密码' }

/** @type {Record<string, string>} */
const CODES = { validation_required: '不能为空', validation_not_unique: '已被使用', validation_max_text_constraint: '太长' }

/** @type {Record<number, string>} */
const STATUSES = {
  401: '登录已失效，请重新登录',
  403: '没有权限进行此操作',
  404: '登录已失效，或内容不存在',
  429: '操作过于频繁，请稍后再试',
  503: '服务器繁忙，请稍后再试',
}

/**
 * The text of an error: the contract's is Chinese, PocketBase's API names what is wrong with which field.
 * @param {number} status
 * @param {{ msg?: string, data?: Record<string, { code?: string }> }} body
 */
export function textOf(status, body) {
  const [name, fault] = Object.entries(body.data ?? {})[0] ?? []
  const field = name && fault?.code ? (LABELS[name] ?? name) + (CODES[fault.code] ?? '不正确') : ''
  const msg = body.msg?.replace(/字段 (\w+) /, (words, name) => LABELS[name] ?? words)
  return msg || field || STATUSES[status] || (status < 500 ? '提交的内容有误' : '服务器出错，请稍后重试')
}

/**
 * Lets the buttons of the form do what they name, and shows what came of it.
 * @param {Record<string, (form: any) => Promise<any>>} actions
 */
export function start(actions) {
  const form = /** @type {HTMLFormElement} */ (document.querySelector('form'))
  form.addEventListener('submit', async (event) => {
    event.preventDefault()
    const name = /** @type {HTMLButtonElement} */ (event.submitter).value
    say('请稍候…')
    await actions[name](values(name, form)).then(show, (error) => say(error.message, 'error'))
  })
}

/** What an action is given: the fields that it needs. @param {string} action @param {HTMLFormElement} form */
function values(action, form) {
  const { users_phone, password, users_name, users_picture } = /** @type {Record<string, string>} */ (Object.fromEntries(new FormData(form)))
  if (action === 'register') return { users_phone, password, passwordConfirm: password, users_name, users_picture }
  return action === 'login' ? { users_phone, password } : { users_name, users_picture }
}

/** @param {any} user */
function show(user) {
  say(user ? `${user.users_name}，${user.users_phone}，${user.users_type}` : '已退出登录', 'done')
}

/** @param {string} text @param {'' | 'done' | 'error'} [kind] */
function say(text, kind = '') {
  const output = /** @type {HTMLOutputElement} */ (document.querySelector('output'))
  output.textContent = text
  output.dataset.kind = kind
}
