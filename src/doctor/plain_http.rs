//! Plain HTTP beside the public URL: nobody, or a redirect.

use super::context::Context;
use super::exchange::{Answer, Request, limit, resolve};
use super::finding::Finding;
use super::public_url::reach;
use super::target::Target;

const PORT: u16 = 80;

/// Looks beside everything else: a port that is silent keeps no other connection waiting.
pub fn look(context: &Context) -> Vec<Finding> {
    let target = context.target.as_ref();
    let target = target.filter(|it| it.is_https && it.has_usual_port());
    let answer = target.and_then(answer);
    let finding = answer.and_then(|answer| judge(context, &answer));
    finding.into_iter().collect()
}

fn answer(target: &Target) -> Option<Answer> {
    let host = target.host.to_string();
    let addresses = resolve(&host, PORT).ok()?;
    let mut stream = reach(&addresses).0?;
    limit(&stream);
    let request = Request {
        authority: &host,
        path: &target.at("/"),
        headers: &[],
    };
    request.send(&mut stream).ok()
}

fn judge(context: &Context, answer: &Answer) -> Option<Finding> {
    let to = answer.header("location").unwrap_or_default();
    let is_redirected =
        matches!(answer.status, 301 | 302 | 307 | 308) && to.starts_with("https://");
    if is_redirected || answer.status >= 400 {
        return None;
    }
    let found = context.say(
        "plain HTTP is answered, too: passwords may go over the network as they are",
        "http 也能访问：密码可能以明文传输",
    );
    Some(
        Finding::advice("public_url.no_redirect", found).remedy(context.say(
            "nginx, in the server of port 80:\nreturn 301 https://$host$request_uri;",
            "在 nginx 监听 80 端口的 server 中添加：\nreturn 301 https://$host$request_uri;",
        )),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_leads_to_https_or_nowhere() {
        let answer = |status, to: &str| Answer {
            status,
            headers: vec![("location".to_owned(), to.to_owned())],
            ..Answer::default()
        };
        for (status, to, is_fine) in [
            (301, "https://a.example.com/", true),
            (308, "https://a.example.com/", true),
            (302, "http://b.example.com/", false),
            (200, "", false),
            (404, "", true),
        ] {
            let found = judge(&Context::of_tests(), &answer(status, to));
            assert_eq!(found.is_none(), is_fine, "{status} {to}");
        }
    }
}
