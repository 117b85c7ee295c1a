// @ts-check
// Registration, login, refresh and profile by PocketBase's SDK. The contract's two endpoints go through `send`, the rest is the SDK's own.
import PocketBase, { ClientResponseError } from 'pocketbase'
import { BASE, ChineseError, NO_NETWORK, textOf } from './page.js'

/** @typedef {import('../openapi').components['schemas']} Schemas */
/** @typedef {NonNullable<Schemas['PocketBaseAuthResponse']['record']>} User */

const pb = new PocketBase(BASE)

/** @type {import('pocketbase').RecordService<import('pocketbase').RecordModel & User>} */
const users = pb.collection('tbl_auth_users')

/** The error in Chinese. @param {unknown} error @returns {never} */
function fail(error) {
  if (!(error instanceof ClientResponseError)) throw error
  throw new ChineseError(error.status === 0 ? NO_NETWORK : textOf(error.status, error.response))
}

/** @param {string} path @param {object} body @returns {Promise<User>} */
async function open(path, body) {
  const answer = await pb.send(path, { method: 'POST', body }).catch(fail)
  pb.authStore.save(answer.token, answer.record)
  return answer.record
}

/** @param {Schemas['PlatformRegisterRequest']} form */
export const register = (form) => open('/api/platform/register', form)

/** @param {Schemas['PlatformLoginRequest']} form */
export const login = (form) => open('/api/platform/login', form)

/** A new token for the one that is kept, and the user as it is now. @returns {Promise<User>} */
export const refresh = async () => (await users.authRefresh().catch(fail)).record

/** @param {{ users_name: string, users_picture: string }} change @returns {Promise<User>} */
export const save = (change) => users.update(pb.authStore.record?.id ?? '', change).catch(fail)

export const logout = async () => pb.authStore.clear()
