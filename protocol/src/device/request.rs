//! What a device may ask for (RFC 8628 §3.1): the same resources and scopes as at the authorization endpoint.

use crate::client::{Client, DeviceAuthorizationMode, GrantType};
use crate::error_code::{ErrorCode, ProtocolError};
use crate::parameters::{Parameters, Repeated};
use crate::resource::{Resource, ResourceChoice, TargetError};
use crate::scope::{self, ScopeError, ScopeSet};

/// A request that passed every check, with its rights narrowed to what may be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskedByDevice<'a> {
    pub resources: Vec<&'a Resource>,
    pub scopes: ScopeSet,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeviceRequestError {
    #[error("device authorization is switched off here")]
    Off,
    #[error(
        "only clients that an administrator entered may use device authorization here; ask to be entered"
    )]
    NotVouchedFor,
    #[error("this client is not registered for the device_code grant")]
    GrantNotRegistered,
    #[error("this client has been disabled by an administrator")]
    ClientDisabled,
    #[error(transparent)]
    Repeated(#[from] Repeated),
    #[error(transparent)]
    Target(#[from] TargetError),
    #[error(transparent)]
    Scope(#[from] ScopeError),
}

impl DeviceRequestError {
    /// What was asked for and is no resource.
    pub fn refused_resource(&self) -> Option<&str> {
        match self {
            Self::Target(error) => error.refused_value(),
            _ => None,
        }
    }
}

impl ProtocolError for DeviceRequestError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Off | Self::NotVouchedFor | Self::GrantNotRegistered | Self::ClientDisabled => {
                ErrorCode::UnauthorizedClient
            }
            Self::Repeated(_) => ErrorCode::InvalidRequest,
            Self::Target(error) => error.code(),
            Self::Scope(error) => error.code(),
        }
    }
}

/// Whether the client may ask at all; asked again when it polls, since an administrator may have changed it.
pub fn check_client(
    client: &Client,
    mode: DeviceAuthorizationMode,
) -> Result<(), DeviceRequestError> {
    if mode == DeviceAuthorizationMode::Off {
        return Err(DeviceRequestError::Off);
    }
    if !client.may_use(GrantType::DeviceCode) {
        return Err(DeviceRequestError::GrantNotRegistered);
    }
    // No redirect URI proves whose client it is, so being recognised by one is worth nothing here.
    if !mode.allows(client) {
        return Err(DeviceRequestError::NotVouchedFor);
    }
    Ok(())
}

/// All checks in their order.
pub fn check<'a>(
    parameters: &Parameters,
    choice: &ResourceChoice<'a>,
    mode: DeviceAuthorizationMode,
) -> Result<AskedByDevice<'a>, DeviceRequestError> {
    let client = choice.client;
    check_client(client, mode)?;
    if !client.is_enabled {
        return Err(DeviceRequestError::ClientDisabled);
    }
    let asked = parameters
        .single("scope")?
        .map(ScopeSet::parse)
        .transpose()?;
    let resources = choice.at_authorize(&parameters.all("resource"), asked.as_ref())?;
    let scopes = scope::narrow(asked.as_ref(), &resources, client)?;
    Ok(AskedByDevice { resources, scopes })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::ClientOrigin;
    use crate::resource::Resources;
    use crate::test_support::{a_recognised_client, sample_client, sample_resource};

    fn device_client() -> Client {
        Client {
            grant_types: vec![GrantType::DeviceCode],
            ..sample_client()
        }
    }

    fn run(
        client: &Client,
        mode: DeviceAuthorizationMode,
        body: &str,
    ) -> Result<(usize, String), DeviceRequestError> {
        let resources = Resources::new(vec![
            sample_resource(1, "https://mcp.example/mcp"),
            sample_resource(2, "https://other.example/mcp"),
        ]);
        let issuer = crate::Issuer::parse("https://as.example").unwrap();
        let choice = ResourceChoice {
            resources: &resources,
            client,
            tenant_default: None,
            issuer: &issuer,
        };
        let parameters = Parameters::parse(body.as_bytes()).unwrap();
        let asked = check(&parameters, &choice, mode)?;
        Ok((asked.resources.len(), asked.scopes.to_string()))
    }

    /// Row U3: recognised is not vouched for.
    #[test]
    fn the_tenant_says_whose_devices_may_ask() {
        use DeviceAuthorizationMode::{Off, Open, VouchedFor};
        use DeviceRequestError as E;
        let body = "resource=https://mcp.example/mcp";
        let as_device = |client| Client {
            grant_types: vec![GrantType::DeviceCode],
            ..client
        };
        let stranger = Client {
            origin: ClientOrigin::Registered,
            ..device_client()
        };
        let recognised = as_device(a_recognised_client());
        for (client, mode, expected) in [
            (&device_client(), VouchedFor, Ok(())),
            (&device_client(), Off, Err(E::Off)),
            (&sample_client(), Open, Err(E::GrantNotRegistered)),
            (&stranger, VouchedFor, Err(E::NotVouchedFor)),
            (&recognised, VouchedFor, Err(E::NotVouchedFor)),
            (&stranger, Open, Ok(())),
            (&recognised, Open, Ok(())),
        ] {
            assert_eq!(run(client, mode, body).map(|_| ()), expected, "{mode}");
        }
        let disabled = Client {
            is_enabled: false,
            ..device_client()
        };
        let refused = run(&disabled, Open, body);
        assert_eq!(refused, Err(E::ClientDisabled));
    }

    /// Row U2.
    #[test]
    fn what_is_asked_is_held_to_the_rules_of_authorize() {
        let ask = |body: &str| run(&device_client(), DeviceAuthorizationMode::VouchedFor, body);
        let one = "resource=https://mcp.example/mcp";
        assert_eq!(ask(one), Ok((1, "files:read".to_owned())));
        assert_eq!(
            ask(&format!(
                "{one}&resource=https://other.example/mcp&scope=files:write+admin"
            )),
            Ok((2, "files:write".to_owned()))
        );
        let code = |body: &str| ask(body).map_err(|error| error.code());
        assert_eq!(code("scope=files:read"), Err(ErrorCode::InvalidTarget));
        assert_eq!(
            code("resource=https://unknown.example"),
            Err(ErrorCode::InvalidTarget)
        );
        assert_eq!(
            code(&format!("{one}&scope=nothing")),
            Err(ErrorCode::InvalidScope)
        );
        assert_eq!(
            code(&format!("{one}&scope=a&scope=b")),
            Err(ErrorCode::InvalidRequest)
        );
    }
}
