// A stand-in for WeChat's runtime, in which the code of docs/quick-start.md does what it would do on a phone. Beside this file are
// utils/bai.js and pages/me/me.js, the two scripts of the page; what came of them is printed as JSON.

const storage = {}
const told = { codes: 0, toasts: [] }

globalThis.wx = {
  request({ url, method, data, header, success, fail }) {
    const answered = fetch(url, { method, headers: header, body: JSON.stringify(data) })
    answered.then(async (answer) => success({ statusCode: answer.status, data: await answer.json() })).catch(fail)
  },
  login: ({ success }) => success({ code: `mini~${++told.codes}` }),
  setStorageSync: (key, value) => { storage[key] = value },
  getStorageSync: (key) => storage[key] ?? '',
  getPrivacySetting: ({ success }) => success({ needAuthorization: true, privacyContractName: '《隐私保护指引》' }),
  openPrivacyContract: () => { told.contract = true },
  uploadFile: ({ filePath, success }) => {
    told.uploaded = filePath
    success({ statusCode: 200, data: JSON.stringify({ url: 'https://files.example.com/avatars/1.png' }) })
  },
  showToast: ({ title }) => told.toasts.push(title),
}

let page
globalThis.Page = (definition) => {
  page = { ...definition, data: { ...definition.data }, setData(change) { Object.assign(this.data, change) } }
}

async function main() {
  require('./pages/me/me.js')
  const { login, post } = require('./utils/bai')
  told.handlers = Object.keys(page).filter((name) => typeof page[name] === 'function')
  told.data = Object.keys(page.data)

  page.onLoad()
  told.asksForPrivacy = page.data.needsPrivacy
  page.onContract()
  page.onAgree()
  told.asksAgain = page.data.needsPrivacy
  page.onChooseAvatar({ detail: { avatarUrl: 'wxfile://tmp_1.png' } })
  await page.onSubmit({ detail: { value: { nickname: '李四' } } })

  storage.token = 'pb.of-long-ago'
  await page.onPhone({ detail: { errMsg: 'getPhoneNumber:fail user deny' } })
  await page.onPhone({ detail: { code: '13900139001' } })
  told.after = await login()
  const picture = { users_name: '李四', users_picture: 'wxfile://tmp_1.png', users_phone_code: '13900139001' }
  told.refused = await post('/api/wechat/profile', picture).catch((error) => error)
  console.log(JSON.stringify(told))
}

main()
