// bai.js 的类型。字段来自 bai 的接口文档：../openapi.d.ts 由 `clients/types` 生成，请一并复制。
import type { components } from '../openapi'

type Schemas = components['schemas']

/** 接口文档中的用户（登录、资料接口）。 */
export type UserInfo = Required<Schemas['UserInfo']>

/** 接口文档中的记录（PocketBase 接口）。 */
export type UserRecord = NonNullable<Schemas['PocketBaseAuthResponse']['record']>

/** 用户：两种接口的返回都整理成这一种格式。 */
export interface BaiUser {
  /** 记录 ID，即 `pb_id`。 */
  id: UserInfo['pb_id']
  openid: UserInfo['openid']
  /** 用户编号 `users_id`，如 `U0000000001`。 */
  number: UserInfo['users_id']
  /** 昵称，没有填写时为空。 */
  name: UserInfo['users_name']
  /** 手机号，没有绑定时为空。 */
  phone: UserInfo['users_phone']
  /** 隐去中间几位的手机号。 */
  phoneMasked: UserInfo['users_phone_masked']
  /** 头像地址，没有设置时为空。 */
  picture: UserInfo['users_picture']
  /** 来自微信，还是网页平台。 */
  origin: UserInfo['users_idtype']
  /** 游客，或注册用户（资料已填写）。 */
  type: UserInfo['users_type']
  level: UserInfo['users_level']
  /** 未停用。 */
  isActive: boolean
  /** 昵称、头像、手机号都有了。 */
  isComplete: boolean
  companyId: UserInfo['company_id']
  created: UserInfo['created']
  updated: UserInfo['updated']
  /** 服务器返回的原始数据，其他字段在这里。 */
  raw: UserInfo | UserRecord
}

/** 登录的结果。 */
export interface LoginResult {
  user: BaiUser
  /** 首次登录，刚刚注册。 */
  isNew: boolean
  /** 昵称、头像、手机号都有了。 */
  isComplete: boolean
}

/** 要修改的资料，没有传入的项不变。 */
export interface ProfileChange {
  /** 昵称。 */
  name?: string
  /** 头像地址：`uploadAvatar` 返回的，或其他人能打开的网址。 */
  picture?: string
  /** 手机号按钮返回的 code。 */
  phoneCode?: string
}

export type ErrorKind =
  /** `createBai` 没有传入 `baseUrl`。 */
  | 'options'
  /** 没有网络，或连不上服务器。 */
  | 'network'
  /** 超时，结果未知。 */
  | 'timeout'
  /** 小程序后台没有配置该服务器域名。 */
  | 'domain'
  /** `wx.login` 失败。 */
  | 'login'
  /** 要上传的文件不存在。 */
  | 'file'
  /** 重新登录后 token 仍被拒绝，或自带的 token 无效。 */
  | 'auth'
  /** 账号已停用。 */
  | 'disabled'
  /** 没有权限。 */
  | 'forbidden'
  /** 内容不存在，或无权查看。 */
  | 'notFound'
  /** 操作过于频繁，见 `retryAfter`。 */
  | 'tooMany'
  /** 内容过大。 */
  | 'tooLarge'
  /** 提交的内容有误，见 `fields`。 */
  | 'refused'
  /** 服务器繁忙，见 `retryAfter`。 */
  | 'busy'
  /** 服务器存放头像的空间已满。 */
  | 'full'
  /** 服务器出错，或响应不是来自 bai。 */
  | 'server'
  /** 用户没有同意提供手机号，或验证次数已用完。 */
  | 'denied'
  /** 绑定手机号之前缺少昵称或头像。 */
  | 'incomplete'

/** 唯一的错误类型。 */
export class BaiError extends Error {
  kind: ErrorKind
  /** 中文，可以直接显示给用户。 */
  message: string
  /** HTTP 状态码；没有收到响应时为 0。 */
  status: number
  /** 更细的代码：字段错误的代码（如 `validation_required`）、`wx` 的 `errno`，或 HTTP 状态码。 */
  code: number | string
  /** 哪些字段有误，各是什么错误（中文）。 */
  fields: Record<string, string>
  /** 多少秒之后再试；服务器没有说明时为 0。 */
  retryAfter: number
  /** 服务器或 `wx` 返回的原始数据。 */
  detail: unknown
}

export interface BaiOptions {
  /** 服务器地址，如 `https://bai.example.com/pb`。 */
  baseUrl: string
  /** 每次请求最多等待的毫秒数，默认 15000。 */
  timeout?: number
  /** `Retry-After` 不超过这么多秒时自动等待并重试，默认 3。 */
  maxWait?: number
  /** 最多等待几次，默认 2。 */
  maxWaits?: number
  /** 存放 token 的 key，默认与服务器地址对应。 */
  storageKey?: string
  /** 代替全局的 `wx`，用于测试。 */
  wx?: object
}

export interface RequestOptions {
  /** 默认 GET。`wx.request` 不支持 PATCH，请用 `/api/batch`。 */
  method?: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'HEAD' | 'OPTIONS'
  data?: unknown
  header?: Record<string, string>
  timeout?: number
  /** 为 `false` 时不带 token，也不登录。 */
  token?: boolean
}

/** 手机号按钮 `open-type="getPhoneNumber"` 的事件。 */
export interface PhoneEvent {
  detail: { code?: string; errMsg?: string; errno?: number }
}

export interface Bai {
  /** 重新登录；同时多次调用只登录一次。 */
  login(): Promise<LoginResult>
  /** 等到有未过期的 token 为止，没有就登录。其他方法会自行等待。 */
  ready(): Promise<void>
  /** 带 token 的请求；token 被拒绝时登录一次并重试一次。结果为响应体。 */
  request<T = unknown>(path: string, options?: RequestOptions): Promise<T>
  /** 有效的 token，给不经过本文件的请求使用。 */
  token(): Promise<string>
  /** 从服务器读取当前用户。 */
  me(): Promise<BaiUser>
  /** 修改资料；带 `phoneCode` 时一并绑定手机号。 */
  updateProfile(change: ProfileChange): Promise<BaiUser>
  /** 绑定手机号；昵称和头像默认使用已有的。 */
  bindPhone(event: PhoneEvent, profile?: { name?: string; picture?: string }): Promise<BaiUser>
  /** 上传头像，得到地址；之后用 `updateProfile({ picture })` 保存。旧图片立即被取代，头像原来指向它时也随之更新。图片被拒绝时压缩一次再试。 */
  uploadAvatar(filePath: string): Promise<string>
  /** 清除本机的 token；下一次请求会重新登录。 */
  logout(): Promise<void>
}

export function createBai(options: BaiOptions): Bai
