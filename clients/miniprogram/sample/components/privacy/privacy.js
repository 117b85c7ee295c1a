/** 等待用户决定的隐私接口；微信要求逐个响应。 */
let waiting = []

/** 隐私提示：打开页面时看是否需要同意，之后隐私接口被调用时再问。 */
Component({
  data: { isShown: false, contract: '《用户隐私保护指引》' },

  lifetimes: {
    attached() {
      // 基础库 2.32.3 起支持。
      if (!wx.getPrivacySetting) return
      wx.getPrivacySetting({ success: (setting) => this.show(setting.needAuthorization, setting.privacyContractName) })
      wx.onNeedPrivacyAuthorization((resolve) => {
        waiting.push(resolve)
        this.show(true)
      })
    },
  },

  methods: {
    show(isShown, contract) {
      this.setData({ isShown, contract: contract || this.data.contract })
    },

    onContract() {
      wx.openPrivacyContract({})
    },

    onAgree() {
      this.answer({ event: 'agree', buttonId: 'agree' })
    },

    onRefuse() {
      this.answer({ event: 'disagree' })
    },

    answer(decision) {
      for (const resolve of waiting) resolve(decision)
      waiting = []
      this.show(false)
    },
  },
})
