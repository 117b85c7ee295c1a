// @ts-check
// What sdk.js does, by fetch alone.
import { BASE, ChineseError, NO_NETWORK, textOf } from './page.js'

/** @typedef {import('../openapi').components['schemas']} Schemas */
/** @typedef {NonNullable<Schemas['PocketBaseAuthResponse']['record']>} User */

/** @param {string} method @param {string} path @param {object} [body] */
async function call(method, path, body) {
  const headers = { 'Content-Type': 'application/json', Authorization: localStorage.getItem('token') ?? '' }
  const answer = await fetch(BASE + path, { method, headers, body: body && JSON.stringify(body) }).catch(() => null)
  if (!answer) throw new ChineseError(NO_NETWORK)
  const told = await answer.json().catch(() => ({}))
  if (!answer.ok) throw new ChineseError(textOf(answer.status, told))
  return told
}

/** @param {{ token: string, record: User }} answer */
function keep({ token, record }) {
  localStorage.setItem('token', token)
  localStorage.setItem('id', record.id)
  return record
}

/** @param {Schemas['PlatformRegisterRequest']} form @returns {Promise<User>} */
export const register = async (form) => keep(await call('POST', '/api/platform/register', form))

/** @param {Schemas['PlatformLoginRequest']} form @returns {Promise<User>} */
export const login = async (form) => keep(await call('POST', '/api/platform/login', form))

/** A new token for the one that is kept, and the user as it is now. @returns {Promise<User>} */
export const refresh = async () => keep(await call('POST', '/api/collections/tbl_auth_users/auth-refresh'))

/** @param {{ users_name: string, users_picture: string }} change @returns {Promise<User>} */
export const save = (change) => call('PATCH', `/api/collections/tbl_auth_users/records/${localStorage.getItem('id')}`, change)

export const logout = async () => ['token', 'id'].forEach((name) => localStorage.removeItem(name))
