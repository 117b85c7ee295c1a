const { createBai } = require('./bai')

// ./bai 启动的试用服务器。正式使用时改为自己的地址，如 https://bai.example.com/pb，并把 SANDBOX 改为 false。
const BASE = 'http://127.0.0.1:8090'
const SANDBOX = true

/** 沙箱中每个 code 是一个用户，游客模式的 code 也不能用：这里让所有 code 都属于同一个用户。 */
function sandboxLogin({ success }) {
  setTimeout(() => success({ code: `developer~${Date.now()}` }))
}

/** 手机号按钮的事件。微信开发者工具的游客模式得不到 code，沙箱中以 11 位数字代替。 */
function phoneEvent(event) {
  return SANDBOX && !event.detail.code ? { detail: { code: '13900139000' } } : event
}

/** 显示错误：BaiError 的 message 是中文，可以直接给用户看。 */
function showError(error) {
  wx.showToast({ title: error.message, icon: 'none', duration: 3000 })
}

const bai = createBai({ baseUrl: BASE, wx: SANDBOX ? Object.create(wx, { login: { value: sandboxLogin } }) : wx })

module.exports = { bai, phoneEvent, showError }
